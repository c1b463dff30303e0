import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startLifeline } from "./lifeline.ts";
import { createTemporaryDirectory } from "./temporary-directory.ts";

const PROGRAM = `
  import { createServer } from "node:http";
  const [host, port] = process.env.LIFELINE_HTTP_ADDRESS.split(":");
  let asked = 0;
  const server = createServer((request, response) => response.writeHead(asked++ < 2 ? 503 : 200).end());
  server.listen(Number(port), host);
  console.log(process.argv[2]);
  console.error(JSON.stringify({ variables: Object.keys(process.env).sort() }));
  process.on("SIGTERM", () => {
    console.error(JSON.stringify({ text: "stopping\\u2028now" }));
    process.exit(3);
  });
`;

test("startLifeline runs the program in a clean environment, waits until it is ready, and stops it", async () => {
  await using directory = await createTemporaryDirectory("program");
  const program = join(directory.path, "program.mjs");
  await writeFile(program, PROGRAM);
  await using lifeline = await startLifeline({
    program,
    args: ["--flag"],
    env: { KUBECONFIG: "/k" },
    stateDir: "/s",
  });

  const status = await lifeline.stop();

  expect(status).toEqual({ code: 3, signal: null });
  expect(lifeline.stdoutLines).toEqual(["--flag"]);
  expect(lifeline.stderrRecords()).toEqual([
    {
      variables: [
        "HOME",
        "KUBECONFIG",
        "LIFELINE_HTTP_ADDRESS",
        "LIFELINE_STATE_DIR",
        "PATH",
        "TMPDIR",
      ],
    },
    { text: "stopping\u2028now" },
  ]);
});

test("startLifeline shows the program's last output when it ends before it is ready", async () => {
  await using directory = await createTemporaryDirectory("program");
  const program = join(directory.path, "program.mjs");
  await writeFile(program, "console.error('Cannot read LIFELINE_X'); process.exitCode = 2;");

  const starting = startLifeline({ program });

  await expect(starting).rejects.toThrow(/ended with code 2[^]*Cannot read LIFELINE_X/);
});
