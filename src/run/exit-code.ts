/** What `lifeline` answers when it ends; in the help text and in docs/configuration.md too. */
export const EXIT_CODE = { well: 0, failed: 1, wrongConfiguration: 2 } as const;

export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT_CODE.well, "stopped as asked; of a command: all is well"],
  [EXIT_CODE.failed, "failed; of a command: something is wrong"],
  [
    EXIT_CODE.wrongConfiguration,
    "configuration or command line wrong: all problems at once on stderr",
  ],
];
