import { realpathSync } from "node:fs";

/** The path without links, so that two names of one file compare equal; as it is where nothing is there. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
