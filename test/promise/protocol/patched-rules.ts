import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import type { Rules } from "./world.ts";

const ADMISSION = join(import.meta.dirname, "../../../src/admission");
const ENTRY = join(import.meta.dirname, "rules.ts");
/** Within the repository, where the packages that the rules import are found. */
const SCRATCH = join(import.meta.dirname, "../../../.wrangler");

/** A change of one exact piece of the rules' source. */
export interface Patch {
  /** The file, from `src/admission`. */
  readonly file: string;
  /** What stands there, exactly once. */
  readonly snippet: string;
  readonly replacement: string;
}

/** The product's rules with pieces of their source replaced. */
export async function patchedRules(patches: readonly Patch[]): Promise<Rules> {
  const left = new Set(patches);
  mkdirSync(SCRATCH, { recursive: true });
  const dir = mkdtempSync(join(SCRATCH, "patched-rules-"));
  try {
    const outfile = join(dir, "rules.mjs");
    await build({
      entryPoints: [ENTRY],
      outfile,
      bundle: true,
      packages: "external",
      format: "esm",
      platform: "node",
      logLevel: "silent",
      plugins: [replacing(patches, left)],
    });
    for (const { file } of left) throw new Error(`${file} is not part of the rules`);
    const url: string = pathToFileURL(outfile).href;
    return (await import(/* @vite-ignore */ url)) as Rules;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Replaces in every file of the rules that is bundled; `left` loses the patches that were applied. */
function replacing(patches: readonly Patch[], left: Set<Patch>): Plugin {
  return {
    name: "replacing",
    setup: (bundle) => {
      bundle.onLoad({ filter: /\/src\/admission\/.*\.ts$/ }, ({ path }) => {
        const own = patches.filter(({ file }) => path === join(ADMISSION, file));
        for (const patch of own) left.delete(patch);
        return { contents: own.reduce(replaceOnce, readFileSync(path, "utf8")), loader: "ts" };
      });
    },
  };
}

/** The text with the patch's snippet replaced; an error unless it is there exactly once. */
export function replaceOnce(text: string, { file, snippet, replacement }: Patch): string {
  const [before, after, ...more] = text.split(snippet);
  if (before === undefined || after === undefined || more.length > 0) {
    const times = text.split(snippet).length - 1;
    throw new Error(`${file} holds this ${times} times: ${snippet}`);
  }
  return before + replacement + after;
}
