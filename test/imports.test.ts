import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const SRC = join(import.meta.dirname, "../src");
/** Settings, bindings and the policy, which whoever needs them may read. */
const SETTINGS = ["env", "settings", "config", "policy", "surface"];
const COMMAND_LINE = "command-line";

/** What the files of each folder may import of ours. Surfaces never import each other, and the rules import nothing. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  // What the control API, its clients and webhooks say to each other.
  "api-types": ["core"],
  // It runs when the Worker is built.
  api: ["core"],
  // Its simulation is a command.
  admission: ["core", COMMAND_LINE, ...SETTINGS],
  state: ["core", "admission", "api-types", ...SETTINGS],
  gateway: ["core", "admission", "state", ...SETTINGS],
  control: ["core", "admission", "api-types", "state", ...SETTINGS],
  // The console is a client of the control API, which the Worker hands it.
  console: ["core", "api-types", "state", ...SETTINGS],
  cli: ["core", "api-types", "ops", COMMAND_LINE],
  cost: ["core", "admission", COMMAND_LINE],
  ops: ["core"],
  demo: ["api", "core", "settings", COMMAND_LINE],
};

/** What the rooms of the rules may import of each other; the files beside them import no room. */
const CORE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  policy: [],
  key: ["policy"],
  http: ["policy", "key"],
  usage: ["policy", "key"],
  organization: ["policy", "key", "usage"],
  identity: ["organization"],
  scim: ["key", "organization"],
  token: ["policy", "key", "organization"],
  access: ["policy", "key", "http", "usage", "organization", "token"],
};

const files = readdirSync(SRC, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file));

test.each(Object.entries(MAY_IMPORT))("imports of %s go one way", (folder, allowed) => {
  expect(backward(SRC, folder, allowed)).toEqual([]);
});

test.each(Object.entries(CORE_ROOMS))("imports of core/%s go one way", (room, allowed) => {
  const outside = files
    .filter((file) => /^core\/[^/]+$/.test(file))
    .map((file) => relative("core", file).replace(/\.\w+$/, ""));
  expect(backward(join(SRC, "core"), room, [...allowed, ...outside])).toEqual([]);
});

test("every room of the rules has its place among them", () => {
  const rooms = readdirSync(join(SRC, "core"), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(rooms.map(({ name }) => name).toSorted()).toEqual(Object.keys(CORE_ROOMS).toSorted());
  for (const file of files.filter((each) => /^core\/[^/]+$/.test(each)))
    expect(importsOf(join(SRC, "core"), join(SRC, file)).filter((target) => target in CORE_ROOMS)).toEqual(
      [],
    );
});

test("no files import each other in a circle, types included", () => {
  // The bindings are of the objects' classes, and the objects have bindings: one circle, of types alone.
  expect(readFileSync(join(SRC, "env.ts"), "utf8")).not.toMatch(/^import (?!type )/m);
  expect(inCircles(files.filter((file) => file !== "env.ts"))).toEqual([]);
});

/** Those of the files that import each other in circles. */
function inCircles(of: readonly string[]): string[] {
  const imported = new Map(of.map((file) => [file, pathsOf(join(SRC, file)).map((at) => relative(SRC, at))]));
  const rest = new Set(of);
  for (let size = -1; size !== rest.size;) {
    size = rest.size;
    for (const file of rest) {
      const importsNone = !imported.get(file)?.some((each) => rest.has(each));
      const unimported = ![...rest].some((each) => imported.get(each)?.includes(file));
      if (importsNone || unimported) rest.delete(file);
    }
  }
  return [...rest];
}

/** The imports, types included, of a folder's files that its rule does not allow. */
function backward(root: string, folder: string, allowed: readonly string[]): string[] {
  const own = files
    .map((file) => join(SRC, file))
    .filter((file) => file.startsWith(`${join(root, folder)}/`));
  expect(own).not.toEqual([]);
  return own.flatMap((file) =>
    importsOf(root, file)
      .filter((target) => target !== folder && !allowed.includes(target))
      .map((target) => `${relative(SRC, file)} imports ${target}`),
  );
}

/** The folder in `root`, or the file there, of everything of ours that a file imports. */
function importsOf(root: string, file: string): string[] {
  return pathsOf(file).map((path) => {
    const [first = ""] = relative(root, path).split("/");
    return first.replace(/\.\w+$/, "");
  });
}

/** The paths of everything of ours that a file imports. */
function pathsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/(?:from|import) "(\.[^"]+)"/g)].map(([, path = ""]) => join(dirname(file), path));
}
