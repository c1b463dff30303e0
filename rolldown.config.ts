import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "rolldown";

/**
 * `npm run build`: the program and all its libraries as one file, dist/main.js, with its source map and the
 * licences of what is in it beside it.
 *
 * What counts here is memory: an unbundled start loads 130 MB of modules. Names stay whole, so that profiles and stack
 * traces can be read.
 */
export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  treeshake: {
    // client-node declares nothing, and without this all of its generated models come along for the sake of KubeConfig.
    moduleSideEffects: [
      {
        test: /\/node_modules\/(?:@kubernetes\/client-node|jsonpath-plus|openid-client|socks|ip-address)\//,
        sideEffects: false,
      },
    ],
  },
  plugins: [asciiOnly(), licences()],
  output: {
    file: "dist/main.js",
    format: "esm",
    sourcemap: true,
    comments: false,
    codeSplitting: false,
  },
});

/** V8 keeps a source that is all ASCII in one byte per character, any other in two: 2 MB of memory. */
function asciiOnly(): Plugin {
  return {
    name: "ascii-only",
    generateBundle(_options, bundle) {
      for (const output of Object.values(bundle))
        if (output.type === "chunk")
          output.code = output.code.replaceAll(/[^\0-\u007F]/g, escapeUnit);
    },
  };
}

/** The same character in a string, a template or a regular expression; elsewhere the libraries have none. */
function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** dist/LICENCES.txt: what each package that is in the bundle wants to be said wherever it goes. */
function licences(): Plugin {
  return {
    name: "licences",
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((output) =>
        output.type === "chunk" ? Object.entries(output.modules) : [],
      );
      const packages = modules
        .filter(([, { renderedLength }]) => renderedLength > 0)
        .flatMap(([id]) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? []);
      const texts = [...new Set(packages)].toSorted().map(describePackage);
      this.emitFile({ type: "asset", fileName: "LICENCES.txt", source: texts.join("\n") });
    },
  };
}

function describePackage(directory: string): string {
  const { name, version, license }: { name: string; version: string; license: string } = JSON.parse(
    readFileSync(join(directory, "package.json"), "utf8"),
  );
  const files = readdirSync(directory).filter((file) => /^(?:licen[cs]e|notice)/i.test(file));
  const texts = files.map((file) => `\n${readFileSync(join(directory, file), "utf8").trim()}\n`);
  return `${"=".repeat(80)}\n${name} ${version} (${license})\n${texts.join("")}`;
}
