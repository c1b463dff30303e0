import { defineConfig, type Plugin } from "rolldown";

/**
 * `npm run build`: the program and all its libraries as one file, dist/main.js, with its source map beside it.
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
  plugins: [asciiOnly()],
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
