import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, request as forward, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { factsOf, ImportProgress } from "../../src/cli/import-progress.ts";
import { foreignKey, importKeys, importLine } from "../support/imports.ts";
import { close, listen } from "../support/issuer.ts";
import { runOps, spawnOps } from "../support/operator-command.ts";
import { OPERATOR } from "../support/operators.ts";
import { freshAddress, startPortcullis, type Portcullis } from "../support/portcullis.ts";
import { readJson } from "../support/json.ts";

let portcullis: Portcullis;
let directory: string;

beforeAll(async () => {
  portcullis = await startPortcullis();
  directory = await mkdtemp(join(tmpdir(), "portcullis-import-"));
});
afterAll(async () => {
  await portcullis.stop();
  await rm(directory, { recursive: true });
});

async function runImport(args: readonly string[], url = portcullis.edges[0]) {
  return runOps(["import", ...args], { env: await environmentFor(url) });
}

/** As a process, which can be killed. */
async function startImport(args: readonly string[], url = portcullis.edges[0]) {
  return spawnOps(["import", ...args], { env: await environmentFor(url) });
}

async function environmentFor(url: string | undefined) {
  return { PORTCULLIS_URL: url, PORTCULLIS_TOKEN: await portcullis.issuer.token(OPERATOR) };
}

async function fileOf(name: string, lines: readonly (object | string)[]): Promise<string> {
  const file = join(directory, name);
  const texts = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
  await writeFile(file, texts.join("\n"));
  return file;
}

async function statusOf(key: string): Promise<number> {
  return (await portcullis.call("GET", "/v1/vaults/vault_1", { as: key, from: freshAddress() })).status;
}

/** A gateway that counts the lines it is sent, and after so many requests does what is asked. */
async function counting(
  after: number,
  then: () => void,
): Promise<{ server: Server; url: string; lines: () => number }> {
  let requests = 0;
  let lines = 0;
  const server = createServer((incoming, answer) => {
    const { method, headers } = incoming;
    const onward = forward(`${portcullis.edges[0]}${incoming.url}`, { method, headers }, (received) => {
      answer.writeHead(received.statusCode ?? 500, received.headers);
      received.pipe(answer);
      received.on("end", () => {
        if (++requests === after) then();
      });
    });
    incoming.on("data", (chunk: Buffer) => (lines += chunk.toString().split("\n").length - 1));
    incoming.pipe(onward);
  });
  return { server, url: await listen(server), lines: () => lines };
}

test("a file is imported, every refused line is printed by its number, and the exit code tells", async () => {
  const keys = [foreignKey(), foreignKey()];
  const [one, other] = keys.map((key) => importLine(key)) as [object, object];
  const file = await fileOf("keys", [one, "", "{nonsense", other, { ...one, name: "Other" }]);
  const { code, out, err } = await (await startImport([file])).ended;
  expect({ code, err }).toEqual({ code: 3, err: "2 imported, 0 unchanged, 2 refused\n" });
  expect(out.split("\n").map((line) => line.slice(0, 4).trim())).toEqual(["LINE", "3", "5", ""]);
  expect(await Promise.all(keys.map(statusOf))).toEqual([200, 200]);
  expect(existsSync(`${file}.progress`)).toBe(false);

  const again = await runImport([await fileOf("good", [one, other]), "--output", "json"]);
  expect([again.code, JSON.parse(again.out)]).toEqual([
    0,
    { summary: { imported: 0, unchanged: 2, refused: 0 }, refused: [] },
  ]);
});

test("a line ends where JSON says, whatever characters its texts hold, and a byte order mark is none of them", async () => {
  const [one, other] = [importLine(foreignKey()), importLine(foreignKey())];
  const named = { ...one, description: "Line\u2028and\u2029paragraph" };
  const file = await fileOf("odd", [
    `\uFEFF${JSON.stringify(named)}\r`,
    "\r",
    `${JSON.stringify(other)}\r \r`,
    "{}",
  ]);
  const { code, out, err } = await runImport([file, "--output", "json"]);
  expect({ code, err }).toEqual({ code: 3, err: "2 imported, 0 unchanged, 1 refused\n" });
  expect(JSON.parse(out)).toMatchObject({ refused: [{ line: 4 }] });
});

test("killed in the middle, it goes on where it stopped, and tells of lines that were refused before", async () => {
  const keys = Array.from({ length: 350 }, () => foreignKey());
  const lines: (object | string)[] = keys.map((key) => importLine(key));
  lines[10] = "nonsense";
  const file = await fileOf("many", lines);
  const killed: { kill?: () => void } = {};
  const first = await counting(3, () => killed.kill?.());
  const { child, ended } = await startImport([file], first.url);
  killed.kill = () => child.kill("SIGKILL");
  expect((await ended).code).toBe(null);
  expect(existsSync(`${file}.progress`)).toBe(true);
  await close(first.server);

  const second = await counting(0, () => {});
  const url = first.url;
  await new Promise<void>((resolve) => {
    second.server.close(() => resolve());
  });
  await new Promise<void>((resolve) => {
    second.server.listen(Number(new URL(url).port), "127.0.0.1", resolve);
  });
  const { code, out, err } = await runImport([file, "--output", "ndjson"], url);
  expect(code).toBe(3);
  expect(err, "after lines of progress, if it took long").toMatch(
    /^(?:\d+ of \d+\n)*\d+ imported, \d+ unchanged, 1 refused\n$/,
  );
  const [refused, last] = out
    .trim()
    .split("\n")
    .map((line) => readJson<{ line?: number; summary?: { imported: number; unchanged: number } }>(line));
  expect(refused?.line).toBe(11);
  expect((last?.summary?.imported ?? 0) + (last?.summary?.unchanged ?? 0)).toBe(349);
  // Two requests were certainly on record before the kill.
  expect(second.lines()).toBeLessThanOrEqual(150);
  expect(await Promise.all([0, 200, 349].map((i) => statusOf(keys[i] as string)))).toEqual([200, 200, 200]);
  await close(second.server);
});

test("a gateway that goes away is told of with the line, and a changed file begins anew", async () => {
  const lines = Array.from({ length: 150 }, () => importLine(foreignKey()));
  const file = await fileOf("broken", lines);
  const { server, url } = await counting(1, () => {
    server.close();
    server.closeAllConnections();
  });
  const broken = await runImport([file], url);
  expect(broken.code).toBe(2);
  expect(broken.err).toContain("Done up to line 100");
  await writeFile(file, `${lines.map((line) => JSON.stringify(line)).join("\n")}\n\n`);
  const again = await runImport([file]);
  expect(again).toMatchObject({
    code: 0,
    err: expect.stringMatching(/^(?:\d+ of \d+\n)*50 imported, 100 unchanged, 0 refused\n$/),
  });
});

describe("what stands in FILE.progress", () => {
  const done = (upTo: number) => ({
    upTo,
    imported: 99,
    unchanged: 0,
    refused: [{ line: upTo - 1, keyId: null, error: "hash: No" }],
  });
  const [first, second] = [done(100), done(200)].map((each) => JSON.stringify(each)) as [string, string];

  /** The progress of a file, after a run has left `lines` in it. */
  async function left(lines: string, head?: string) {
    const file = await fileOf(`progress-${Math.random()}`, ["{}"]);
    const facts = await factsOf(file);
    const url = "http://gateway";
    const progress = new ImportProgress(file, facts, url);
    await writeFile(`${file}.progress`, `${head ?? JSON.stringify({ digest: facts.digest, url })}\n${lines}`);
    return { progress, again: new ImportProgress(file, facts, url) };
  }

  test.each([
    ["whole", `${first}\n${second}\n`, [100, 200]],
    ["nothing", "", []],
    ...[...second.matchAll(/[{,:]/g)].map(({ index }): [string, string, number[]] => [
      `half a line of ${index + 1}`,
      `${first}\n${second.slice(0, index + 1)}`,
      [100],
    ]),
    ["half a line with an end", `${first}\n{"upTo":2\n`, [100]],
    ["half of the first line", first.slice(0, 9), []],
    ["zeros that a crash of the machine leaves", `${first}\n\0\0\0\0`, [100]],
    ["another kind of JSON at the end", `${first}\n200\n`, [100]],
    ["a line without its end", `${first}\n${second}`, [100, 200]],
  ])("(%s) is gone on from, and what is added then is read back", async (_, lines, upTo) => {
    const { progress, again } = await left(lines);
    expect((await progress.earlier()).map((each) => each.upTo)).toEqual(upTo);
    await progress.add(done(300));
    expect(await again.earlier()).toEqual([...upTo, 300].map(done));
  });

  test("does not count for another file or gateway, nor half of its head", async () => {
    for (const head of ['{"digest":"0","url":"http://gateway"}', '{"digest":']) {
      const { progress, again } = await left(`${first}\n`, head);
      expect(await progress.earlier()).toEqual([]);
      await progress.add(done(300));
      expect(await again.earlier()).toEqual([done(300)]);
    }
  });

  test.each([
    ["half a line", `${first.slice(0, 20)}${second}\n${first}\n`],
    ["another kind of JSON", `{"upTo":"100"}\n${second}\n`],
    ["text", `${first}\nhello\n${second}\n`],
  ])("is refused with %s in the middle, and stays as it is", async (_, lines) => {
    const { progress, again } = await left(lines);
    await expect(progress.earlier()).rejects.toThrow(/is damaged in line [23].* Delete it/);
    await expect(again.earlier()).rejects.toThrow("is damaged");
  });
});

test("an import whose last run ended in the middle of a note imports every line, and none twice", async () => {
  const lines = Array.from({ length: 5 }, () => importLine(foreignKey()));
  const file = await fileOf("torn", lines);
  const url = portcullis.edges[0];
  const { digest } = await factsOf(file);
  await importKeys(portcullis, lines.slice(0, 3));
  const note = { upTo: 3, imported: 3, unchanged: 0, refused: [] };
  await writeFile(
    `${file}.progress`,
    `${JSON.stringify({ digest, url })}\n${JSON.stringify(note)}\n{"upTo":5,"impor`,
  );
  const { code, err } = await runImport([file], url);
  expect({ code, err }).toEqual({ code: 0, err: "5 imported, 0 unchanged, 0 refused\n" });
});

test("notes that cannot be read are named, and nothing is imported", async () => {
  const file = await fileOf("unwritable", [importLine(foreignKey())]);
  await mkdir(`${file}.progress`);
  const { code, err } = await runImport([file]);
  expect({ code, err }).toEqual({
    code: 1,
    err: expect.stringMatching(/progress cannot be read: EISDIR/),
  });
});

test.each([
  { args: [], says: "Name one file" },
  { args: ["a", "b"], says: "Name one file" },
  { args: ["/nowhere/keys"], says: "cannot be read: ENOENT" },
])("import $args is refused with a hint", async ({ args, says }) => {
  const { code, err } = await runImport(args);
  expect(code).toBe(1);
  expect(err).toContain(says);
});

/** The programs of the operators' page that turn another product's keys into lines. */
const CONVERTERS = [
  ...readFileSync(join(import.meta.dirname, "../../src/docs/operators.md"), "utf8").matchAll(
    /^ *```js\n *\/\/ node (\w+)\.mjs .*\n([\s\S]*?)^ *```$/gm,
  ),
].map(([, from = "", code = ""]) => ({ from, code: code.replaceAll("org_demo", "org_test") }));

/** What each product has of some keys, as it keeps them. */
const KEPT: Readonly<Record<string, (keys: readonly string[]) => string>> = {
  unkey: (keys) =>
    keys
      .map((key) => createHash("sha256").update(key).digest("base64"))
      .map((hash, i) =>
        JSON.stringify({ hash, start: "sk_live_3", name: i === 0 ? null : "B", owner_id: "alice" }),
      )
      .join("\n"),
  kong: (keys) =>
    JSON.stringify({
      _format_version: "3.0",
      consumers: [
        { username: "alice", keyauth_credentials: keys.map((key) => ({ key })) },
        { username: "nobody" },
      ],
    }),
};

test("the operators' page tells of every product that is named here", () => {
  expect(CONVERTERS.map(({ from }) => from)).toEqual(Object.keys(KEPT));
});

test.each(CONVERTERS)(
  "keys come over from $from by the program of the operators' page",
  async ({ from, code }) => {
    const keys = [foreignKey(), foreignKey("")];
    const tooShort = `${from}-key`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    child.stdin.end(KEPT[from]?.([...keys, tooShort]));
    const lines = (await text(child.stdout)).trim().split("\n");
    expect(await runImport([await fileOf(`${from}.ndjson`, lines)])).toMatchObject({ code: 0 });
    for (const key of keys) expect(await statusOf(key)).toBe(200);
    expect(await statusOf(tooShort)).toBe(401);
  },
);
