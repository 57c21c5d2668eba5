import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
/** Workers, whose classes the runtime takes by name, the code that tests put in their place, and a stand-in for vitest. */
const WORKERS =
  /^src\/worker\.ts$|^test\/bench\/workers\/|^test\/support\/(?:deployment|faults|links|runtime)\.ts$|^test\/mutation\/suite\.ts$/;
const DECLARED =
  /^export (?:declare )?(?:async )?(?:const|let|function\*?|(?:abstract )?class|interface|type|enum) (\w+)/gm;
const LISTED = /^export (?:type )?\{([^}]*)\}/gm;
const IMPORTED =
  /\b(?:import|export)\s+(?:type\s+)?(?:\w+,\s*)?(?:\{([^}]*)\}|\*(?: as \w+)?)\s+from\s+"(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/g;

const sources = new Map(
  ["src", "test"]
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) =>
        join(folder, file),
      ),
    )
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".d.ts"))
    .map((file) => [file, readFileSync(join(ROOT, file), "utf8")] as const),
);

test("what a file exports another one imports", () => {
  const imported = importedNames();
  const idle = [...sources]
    .filter(([file]) => !WORKERS.test(file))
    .flatMap(([file, text]) =>
      exportedBy(text)
        .filter((name) => !imported.has(`${file} ${name}`) && !imported.has(`${file} *`))
        .map((name) => `${name} of ${file}`),
    );
  expect(exportedBy("export const a = 1;\nexport type { B as C };")).toEqual(["a", "C"]);
  expect(imported.size).toBeGreaterThan(1000);
  expect(idle).toEqual([]);
});

function exportedBy(text: string): string[] {
  const declared = [...text.matchAll(DECLARED)].map(([, name = ""]) => name);
  const listed = [...text.matchAll(LISTED)].flatMap(([, names = ""]) => namesIn(names).map(({ as }) => as));
  return [...declared, ...listed];
}

/** Each as `<file> <name>`, or `<file> *` where all of a file are. */
function importedNames(): Set<string> {
  const imports = [...sources].flatMap(([file, text]) =>
    [...text.matchAll(IMPORTED)].flatMap(([, names, from, lazily]) => {
      const target = relative(ROOT, join(ROOT, dirname(file), from ?? lazily ?? ""));
      const taken = names === undefined ? ["*"] : namesIn(names).map(({ name }) => name);
      return taken.map((name) => `${target} ${name}`);
    }),
  );
  return new Set(imports);
}

function namesIn(list: string): { name: string; as: string }[] {
  return list
    .split(",")
    .map((part) => part.trim().replace(/^type /, ""))
    .filter((part) => part !== "")
    .map((part) => {
      const [name = "", as = name] = part.split(" as ");
      return { name, as };
    });
}
