import { execFile } from "node:child_process";
import { chown, cp, mkdir, symlink } from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";
import { promisify } from "node:util";
import { type BuildContext, filesOf } from "./build-context.ts";
import {
  argumentsOf,
  type Dockerfile,
  type Instruction,
  parsePairs,
  type Stage,
  substitute,
} from "./parse-dockerfile.ts";

/** The final stage as it would be run, except that it lies in `root`. */
export type Assembled = {
  readonly root: string;
  readonly workingDirectory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** `UID:GID`. */
  readonly user: string;
};

const run = promisify(execFile);

/**
 * Does what a container engine would do with the Dockerfile, in a directory per stage: copies, and runs what the
 * stages run. Instead of `npm ci` the repository's node_modules are linked; nothing of the base images is there.
 */
export async function assemble(
  dockerfile: Dockerfile,
  context: BuildContext,
  directory: string,
): Promise<Assembled> {
  const roots: Record<string, string> = {};
  let assembled: Assembled | undefined;
  for (const [index, stage] of dockerfile.stages.entries()) {
    const root = join(directory, `stage-${index}`);
    if (stage.name !== undefined) roots[stage.name] = root;
    await mkdir(root);
    assembled = await runStage(stage, { root, roots, context });
  }
  if (assembled === undefined) throw new Error("Cannot assemble a Dockerfile without a stage");
  return assembled;
}

type StageOptions = {
  readonly root: string;
  readonly roots: Readonly<Record<string, string>>;
  readonly context: BuildContext;
};

async function runStage(stage: Stage, options: StageOptions): Promise<Assembled> {
  const values = argumentsOf(stage.instructions);
  let workingDirectory = "/";
  for (const instruction of stage.instructions) {
    if (instruction.name === "WORKDIR") {
      workingDirectory = posix.resolve(workingDirectory, instruction.text);
      await mkdir(join(options.root, workingDirectory), { recursive: true });
    }
    if (instruction.name === "COPY") await copy(instruction, workingDirectory, options);
    if (instruction.name === "RUN") await execute(instruction.text, workingDirectory, options);
  }
  const pairs = (name: string): Readonly<Record<string, string>> =>
    parsePairs(substitute(textsOf(stage, name).join(" "), values));
  return {
    root: options.root,
    workingDirectory,
    env: pairs("ENV"),
    labels: pairs("LABEL"),
    entrypoint: textsOf(stage, "ENTRYPOINT").flatMap((text): string[] => JSON.parse(text)),
    user: textsOf(stage, "USER").at(-1) ?? "0:0",
  };
}

function textsOf(stage: Stage, name: string): readonly string[] {
  return stage.instructions.filter((one) => one.name === name).map(({ text }) => text);
}

async function copy(
  { text, flags }: Instruction,
  workingDirectory: string,
  { root, roots, context }: StageOptions,
): Promise<void> {
  const words = text.split(/\s+/);
  const target = join(root, posix.resolve(workingDirectory, words.at(-1) ?? "."));
  const isInto = text.endsWith("/") || words.length > 2;
  for (const source of words.slice(0, -1)) {
    const into = isInto ? join(target, basename(source)) : target;
    const stage = flags["from"];
    if (stage === undefined) await copyFromContext(context, source, into);
    else await cp(join(roots[stage] ?? "", source), into, { recursive: true, errorOnExist: true });
  }
  await giveTo(flags["chown"] ?? "", target);
}

async function giveTo(owner: string, path: string): Promise<void> {
  const [uid, gid] = owner.split(":").map(Number);
  const isRoot = process.getuid?.() === 0;
  if (isRoot && uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

async function copyFromContext(
  context: BuildContext,
  source: string,
  target: string,
): Promise<void> {
  const files = await filesOf(context, source);
  if (files.length === 0)
    throw new Error(`Cannot copy ${source}: it is not there, or .dockerignore hides it`);
  for (const file of files) {
    const copied = join(target, file.slice(source.length));
    await mkdir(dirname(copied), { recursive: true });
    await cp(join(context.directory, file), copied);
  }
}

async function execute(
  command: string,
  workingDirectory: string,
  { root, context }: StageOptions,
): Promise<void> {
  const cwd = join(root, workingDirectory);
  if (command === "npm ci") {
    await symlink(join(context.directory, "node_modules"), join(cwd, "node_modules"));
    return;
  }
  await run("sh", ["-c", command], { cwd });
}
