/** A test for whole strings; `*` stands for any characters, none included, everything else for itself. */
export function compileGlob(glob: string): (text: string) => boolean {
  const source = glob
    .split(/\*+/)
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join(".*");
  const expression = new RegExp(`^${source}$`, "s");
  return (text) => expression.test(text);
}
