import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const SRC = join(import.meta.dirname, "../src");
/** Settings, bindings and the policy, which whoever needs them may read. */
const SETTINGS = ["env", "config", "policy", "surface"];

/** What the files of each folder may import of ours. Surfaces never import each other, and the rules import nothing. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  // What the control API, its clients and webhooks say to each other.
  "api-types": ["core"],
  // It runs when the Worker is built.
  api: ["core"],
  admission: ["core", ...SETTINGS],
  state: ["core", "admission", "api-types", ...SETTINGS],
  gateway: ["core", "admission", "state", ...SETTINGS],
  control: ["core", "admission", "api-types", "state", ...SETTINGS],
  // The console is a client of the control API, which the Worker hands it.
  console: ["core", "api-types", "state", ...SETTINGS],
  cli: ["core", "api-types", "ops"],
  cost: ["core", "admission"],
  ops: ["core"],
  demo: ["api", "core", "env"],
};

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file));

test.each(Object.entries(MAY_IMPORT))("imports of %s go one way", (folder, allowed) => {
  const own = files.filter((file) => file.startsWith(`${folder}/`));
  expect(own).not.toEqual([]);
  const backward = own.flatMap((file) =>
    importsOf(file)
      .filter((target) => target !== folder && !allowed.includes(target))
      .map((target) => `${file} imports ${target}`),
  );
  expect(backward).toEqual([]);
});

/** The folder, or the file at the top, of everything of ours that a file imports. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), "utf8");
  return [...text.matchAll(/(?:from|import) "(\.[^"]+)"/g)].map(([, path]) => {
    const [first = ""] = relative(SRC, join(SRC, dirname(file), path ?? "")).split("/");
    return first.replace(/\.\w+$/, "");
  });
}
