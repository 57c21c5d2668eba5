import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { REFUSALS } from "../../src/core/refusal-table.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PAGES = [
  "README.md",
  ...readdirSync(join(ROOT, "src/docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `src/docs/${name}`),
  ".github/CONTRIBUTING.md",
  ".github/SECURITY.md",
];
const LINK = /\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"/g;

/** The pages as they are read: what stands in fences is code. */
function read(page: string): string {
  return readFileSync(join(ROOT, page), "utf8").replaceAll(/^ *```[^]*?^ *```$/gm, "");
}

/** The anchors that GitHub makes of headings. */
function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe("Every link between the pages leads somewhere", () => {
  it.each(PAGES)("in %s", (page) => {
    const links = [...read(page).matchAll(LINK)].map(([, link, source]) => link ?? source ?? "");
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page : join(dirname(page), path);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

it("Every page of src/docs/ can be reached from the README", () => {
  const reached = read("README.md");
  const pages = PAGES.filter((page) => page.startsWith("src/docs/"));
  expect(pages.filter((page) => !reached.includes(`](${page}`))).toEqual([]);
});

describe("What a page names is there:", () => {
  const COMMAND = /npm run (?:-s )?([\w-]+)/g;
  /** A code is named after its status. */
  const CODE = /\b[45]\d\d `([a-z_]+)`/g;

  it.each(PAGES)("commands and codes of refusals, in %s", (page) => {
    const text = readFileSync(join(ROOT, page), "utf8");
    const named = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = ""]) => name);
    expect(named(COMMAND).filter((name) => !Object.hasOwn(packageJson.scripts, name))).toEqual([]);
    expect(named(CODE).filter((name) => !Object.hasOwn(REFUSALS, name))).toEqual([]);
  });

  it("and some are named", () => {
    const text = PAGES.map((page) => readFileSync(join(ROOT, page), "utf8")).join("\n");
    expect([...text.matchAll(COMMAND)].length).toBeGreaterThan(20);
    expect([...text.matchAll(CODE)].length).toBeGreaterThan(10);
  });
});
