import { inject } from "vitest";
import { askShared } from "./ask-shared.ts";

/** The path of the program as `npm run build` makes it, once per run: from its source each start takes a second of CPU. */
export async function sharedProgram(): Promise<string> {
  const { path } = await askShared(inject("sharedProgramUrl"));
  return String(path);
}
