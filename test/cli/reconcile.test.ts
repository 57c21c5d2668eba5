import { describe, expect, test } from "vitest";
import type { Difference, ReconciliationLine } from "../../src/api-types/reconciliations.ts";
import type { Place } from "../../src/cli/arguments.ts";
import { BrokenOff, CliError, Silent, Unavailable } from "../../src/cli/cli-error.ts";
import { ProgressBar } from "../../src/cli/progress-bar.ts";
import { Walk, type Reconciler } from "../../src/cli/reconcile.ts";
import { GrowingTable } from "../../src/cli/table.ts";
import { readJson } from "../support/json.ts";

function differenceAt(orgId: string, keyId: string | null, settled = true): Difference {
  const kind = keyId === null ? "guard_unreachable" : "unknown_key";
  return { orgId, keyId, guard: keyId ?? "abcde", difference: kind, fields: [], settled };
}

function endOf(guards: number, total: number, nextCursor: string | null): ReconciliationLine {
  const summary = { guards, total, differences: 0, settled: 0 };
  return { summary, pagination: { limit: 200, nextCursor } };
}

/** What the gateway answers, by organisation and cursor; an error ends an answer in the middle. */
type Pages = Readonly<Record<string, readonly (ReconciliationLine | CliError)[]>>;

async function walk(
  pages: Pages,
  {
    output = "ndjson",
    org = null,
    from = null,
  }: { output?: "ndjson" | "json" | "table"; org?: string | null; from?: Place | null } = {},
) {
  const asked: string[] = [];
  const client: Reconciler = {
    organizations: async () => [...new Set(Object.keys(pages).map((place) => place.split("/")[0] ?? ""))],
    reconcile: async function* (orgId, _fix, _limit, cursor) {
      const place = cursor === null ? orgId : `${orgId}/${cursor}`;
      asked.push(place);
      for (const line of pages[place] ?? []) {
        if (line instanceof CliError) throw line;
        yield line;
      }
    },
  };
  let [out, err] = ["", ""];
  const command = {
    name: "reconcile",
    url: "",
    token: "",
    timeoutMs: 1000,
    output,
    org,
    fix: true,
    from,
  } as const;
  const tell = (text: string): void => void (err += text);
  const bar = new ProgressBar({ isTTY: false, write: () => true });
  const code = await new Walk(command, client, { print: (text) => void (out += text), tell, bar }).run();
  return { asked, code, err, lines: out.split("\n").filter((line) => line !== "") };
}

const TWO_PAGES: Pages = {
  org_b: [endOf(1, 1, null)],
  org_a: [differenceAt("org_a", "key_1"), endOf(200, 250, "p2")],
  "org_a/p2": [differenceAt("org_a", "key_2"), endOf(50, 250, null)],
};

describe("reconcile goes through organisations in order, page by page,", () => {
  test("and prints differences as they come", async () => {
    const { asked, code, lines, err } = await walk(TWO_PAGES);
    expect(asked).toEqual(["org_a", "org_a/p2", "org_b"]);
    expect(lines.map((line) => readJson<object>(line))).toMatchObject([
      { keyId: "key_1" },
      { keyId: "key_2" },
      { summary: { organizations: 2, guards: 251, differences: 2, settled: 2 } },
    ]);
    expect(err).toBe("2 organisations, 251 guards, 2 differences, 2 settled\n");
    expect(code).toBe(0);
  });

  test.each([
    ["an organisation", { orgId: "org_b", cursor: null }, ["org_b"]],
    ["a page", { orgId: "org_a", cursor: "p2" }, ["org_a/p2", "org_b"]],
  ])("from %s on where it was told to", async (_, from, asked) => {
    expect((await walk(TWO_PAGES, { from })).asked).toEqual(asked);
  });

  test("and an unreachable guard is a line among the others", async () => {
    const pages = {
      org_a: [differenceAt("org_a", null, false), differenceAt("org_a", "key_1"), endOf(2, 2, null)],
    };
    const { code, lines } = await walk(pages, { output: "table" });
    expect(lines).toEqual([
      "KEY    ORGANISATION  DIFFERENCE               FIELDS  SETTLED",
      "-      org_a         guard_unreachable abcde  -       no",
      "key_1  org_a         unknown_key              -       yes",
    ]);
    expect(code).toBe(1);
  });
});

describe("reconcile that", () => {
  test.each([
    ["breaks off", new BrokenOff("The answer broke off.")],
    ["is unavailable", new Unavailable("admission_unavailable")],
  ])("%s in one organisation goes on with the next, names it, and exits with 2", async (_, error) => {
    const { asked, code, err, lines } = await walk({
      ...TWO_PAGES,
      "org_a/p2": [differenceAt("org_a", "key_2"), error],
    });
    expect(asked).toEqual(["org_a", "org_a/p2", "org_b"]);
    expect(lines[1], "what came before is printed").toContain("key_2");
    expect(err).toContain("Not compared in full: org_a (go on with --from org_a/p2)");
    expect(code).toBe(2);
  });

  test.each(["ndjson", "json", "table"] as const)(
    "loses its access half-way prints what is known (%s), and says how to go on",
    async (output) => {
      const expired = new CliError("identity_token_invalid");
      const pages = { ...TWO_PAGES, "org_a/p2": [expired] };
      const { asked, code, err, lines } = await walk(pages, { output });
      expect(asked).toEqual(["org_a", "org_a/p2"]);
      expect(lines.join("")).toContain("key_1");
      expect(err).toBe("identity_token_invalid\nThe same command goes on from there with --from org_a/p2\n");
      expect(code).toBe(2);
    },
  );

  test("goes on from an organisation that there is not is refused", async () => {
    const from = { orgId: "zzz", cursor: null };
    await expect(walk(TWO_PAGES, { from })).rejects.toThrow("--from names zzz");
  });

  test("hears nothing of two organisations one after the other ends, and exits with 2", async () => {
    const silent = new Silent("No answer came for 180 s");
    const end = endOf(1, 1, null);
    const { asked, code, err } = await walk({ a: [silent], b: [end], c: [silent], d: [silent], e: [end] });
    expect(asked).toEqual(["a", "b", "c", "d"]);
    expect(err, "which does not come back to c").toContain(
      "Not compared in full: c (go on with --from c)\nThe same",
    );
    expect(err).toContain("goes on from there with --from d");
    expect(code).toBe(2);
    expect((await walk({ a: [silent], b: [silent], c: [end] })).code).toBe(2);
  });

  test("has no access from the start says so, and nothing else", async () => {
    await expect(walk({ org_a: [new CliError("role_required")] })).rejects.toThrow("role_required");
  });
});

describe("progress is told", () => {
  function shown(isTTY: boolean, times: readonly number[]): string[] {
    const written: string[] = [];
    let now = 0;
    const write = (text: string): boolean => written.push(text) > 0;
    const bar = new ProgressBar({ isTTY, write }, () => now);
    for (const at of times) {
      now = at;
      bar.show(at, 30_000, " guards");
    }
    return written;
  }

  test("at a terminal at once and then at most once a second", () => {
    expect(shown(true, [0, 10, 999, 1000, 1500, 2000])).toEqual([
      expect.stringMatching(/ 0 of 30000 guards$/),
      expect.stringMatching(/ 1000 of 30000 guards$/),
      expect.stringMatching(/ 2000 of 30000 guards$/),
    ]);
  });

  test("elsewhere as a line every ten seconds", () => {
    expect(shown(false, [0, 5000, 10_000, 19_999, 20_000])).toEqual([
      "10000 of 30000 guards\n",
      "20000 of 30000 guards\n",
    ]);
  });
});

test("a table that grows has its heading once, and columns as wide as what has come", () => {
  const table = new GrowingTable(["A", "B"]);
  expect(table.add([["1", null]])).toBe("A  B\n1  -\n");
  expect(table.add([["long", "x"]])).toBe("long  x\n");
  expect(table.add([["2", "y"]])).toBe("2     y\n");
});
