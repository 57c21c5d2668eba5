import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { subscriberOf } from "../../src/core/http/failed-attempt.ts";
import { dataPoint, type DataPoint, type MetricsPoint } from "../../src/core/usage/metrics.ts";
import { NAMES } from "../../src/cli/ask.ts";
import { readAsk } from "../../src/cli/ask-arguments.ts";
import { ALERTS } from "../../src/ops/alerts.ts";
import { QUESTIONS } from "../../src/ops/questions.ts";
import { CREDENTIALS } from "../support/cloudflare.ts";
import { StandInDataset, startDatasetApi } from "../support/dataset.ts";
import { close, listen } from "../support/issuer.ts";
import { mistyped, unknownKey } from "../support/key-strings.ts";
import { eventually } from "../support/operators.ts";
import { startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";
import { POINT } from "../support/runtime.ts";
import { readJson } from "../support/json.ts";

const PATH = "/v1/vaults/vault_1";
const [NO_GUARD, NO_ORIGIN] = [1, 2];
const DAY_S = 86_400;
const INTRUDER = "198.51.100.66";

let portcullis: Portcullis;
let api: Awaited<ReturnType<typeof startDatasetApi>>;
const dataset = new StandInDataset("portcullis_production");
/** A second one, of what a test makes up. */
const quiet = new StandInDataset("portcullis_production");
const keys: Record<"used" | "cut" | "limited" | "soon" | "unavailable" | "noticed", CreatedKey> =
  Object.create(null);

/** What happened: requests of every kind to a real gateway, whose data points fill the dataset. */
beforeAll(async () => {
  portcullis = await startPortcullis({
    edges: [
      { metrics: true },
      { metrics: true, guard: "BrokenGuard" },
      { metrics: true, vars: { ORIGIN_URL: "http://127.0.0.1:1" } },
    ],
  });
  const use = async (key: CreatedKey, times: number, edge = 0, path = PATH) => {
    for (let i = 0; i < times; i++)
      await (await portcullis.call("GET", path, { as: key.key, edge })).arrayBuffer();
  };
  keys.used = await portcullis.createKey();
  keys.cut = await portcullis.createKey();
  keys.limited = await portcullis.createKey({ rateLimit: { requests: 2, windowSeconds: 600 } });
  keys.soon = await portcullis.createKey({ expiresIn: "3d" });
  keys.unavailable = await portcullis.createKey();
  // The notice of its last day comes within this test.
  const expiresAt = new Date(Date.now() + DAY_S * 1000 + 5000).toISOString();
  keys.noticed = await portcullis.createKey({ expiresAt });
  await use(keys.used, 5);
  await use(keys.used, 2, 0, "/v1/networks");
  await use(keys.used, 3, NO_ORIGIN);
  await use(keys.limited, 3);
  await use(keys.soon, 1);
  await use(keys.unavailable, 1, NO_GUARD);
  await use(keys.cut, 1);
  await portcullis.manage("DELETE", `/-/api-keys/${keys.cut.id}`);
  await use(keys.cut, 2);
  for (const as of [mistyped(keys.used.key), unknownKey(1), unknownKey(2), unknownKey(3)]) {
    await (await portcullis.call("GET", PATH, { as, from: INTRUDER })).arrayBuffer();
  }
  await eventually(async () => portcullis.logs.some((line) => line.includes('"expiry"')));
  for (const line of portcullis.logs.filter((each) => each.startsWith(POINT))) {
    dataset.add(readJson<DataPoint>(line.slice(POINT.length)));
  }
  api = await startDatasetApi(dataset);
});
afterAll(async () => {
  await portcullis.stop();
  await api.close();
});

function ops(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return new Promise<{ code: number; out: string; err: string }>((done) => {
    execFile(
      process.execPath,
      [resolve(import.meta.dirname, "../../src/cli/ops.ts"), "ask", ...args],
      { env: { CLOUDFLARE_API_BASE_URL: api.url, ...CREDENTIALS, ...env } },
      (error, out, err) => done({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

async function asked(question: string, ...args: string[]): Promise<Record<string, unknown>[]> {
  const { code, out, err } = await ops([question, "--output", "json", ...args]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  return readJson<Record<string, unknown>[]>(out);
}

describe("what whoever is on call asks is answered by what a gateway has written:", () => {
  test("is a cut in force, and what has come of its key since", async () => {
    const [row, ...others] = await asked("cuts");
    expect(others).toEqual([]);
    expect(row).toMatchObject({ organization: "org_test", key: keys.cut.id, disabledAt: 0, refused: 2 });
    expect(row?.["waitedMs"]).toBeGreaterThanOrEqual(0);
    expect(row?.["revokedAt"]).toBeGreaterThanOrEqual(Number(row?.["lastForwardedAt"]));
  });

  test("who was refused, and why", async () => {
    const rows = await asked("refusals", "--org", "org_test");
    const told = rows.map(({ key, code, requests }) => [key, code, requests]);
    expect(told).toEqual(
      expect.arrayContaining([
        [keys.cut.id, "api_key_revoked", 2],
        [keys.limited.id, "rate_limited", 1],
      ]),
    );
    expect(told).toHaveLength(2);
    const [unavailable] = await asked("refusals", "--key-id", keys.unavailable.id);
    expect(unavailable).toMatchObject({
      code: "admission_unavailable",
      reason: expect.stringContaining("The object is broken"),
    });
  });

  test("which keys expire within a week, used or not", async () => {
    const rows = await asked("expiring");
    expect(rows.map(({ key, requests }) => [key, requests])).toEqual([
      [keys.noticed.id, 0],
      [keys.soon.id, 1],
    ]);
    const days = (Number(rows[1]?.["expiresAt"]) - Date.now() / 1000) / DAY_S;
    expect(days).toBeGreaterThan(2.9);
    expect(days).toBeLessThanOrEqual(3);
  });

  test("is a guard overloaded", async () => {
    const rows = await asked("guards");
    const sum = (name: string) => rows.reduce((total, row) => total + Number(row[name]), 0);
    expect(sum("unavailable")).toBe(1);
    expect(sum("overloaded")).toBe(0);
    expect(rows.map(({ guard }) => guard)).toContain(keys.used.id.slice(4, 9));
  });

  test("is the origin slow, or failing", async () => {
    const rows = await asked("origin");
    expect(rows.find(({ operation }) => operation === "getVault")).toMatchObject({ requests: 12, errors: 3 });
    expect(rows.find(({ operation }) => operation === "listNetworks")).toMatchObject({
      requests: 2,
      errors: 0,
    });
  });

  test("is somebody trying keys", async () => {
    const [row] = await asked("intruders");
    expect(row).toMatchObject({ address: INTRUDER, refused: 4, keys: 4 });
  });

  test("do changes wait", async () => {
    expect(await asked("backlog")).toEqual([]);
  });

  test("how much organisations store", async () => {
    expect(await asked("storage"), "below 1 GB nothing is told").toEqual([]);
    const own = new StandInDataset(quiet.name);
    const sizes: readonly (readonly [string, number, number])[] = [
      ["org_a", 2e9, 4000],
      ["org_a", 3e9, 0],
      ["org_b", 5e9, 0],
    ];
    for (const [orgId, bytes, secondsAgo] of sizes)
      own.add(dataPoint({ kind: "storage", orgId, bytes }), { secondsAgo });
    const question = QUESTIONS.find(({ name }) => name === "storage");
    const scope = { dataset: own.name, minutes: 180, orgId: null, keyId: null };
    expect(own.query(question?.sql(scope) ?? "")).toMatchObject([
      { organization: "org_b", bytes: 5e9 },
      { organization: "org_a", bytes: 3e9 },
    ]);
  });

  test("how much goes through, and how", async () => {
    const rows = await asked("traffic");
    const of = (outcome: string) =>
      rows.filter((row) => row["outcome"] === outcome).reduce((sum, row) => sum + Number(row["requests"]), 0);
    expect([of("succeeded"), of("originErrors"), of("limited"), of("refused")]).toEqual([11, 3, 1, 7]);
  });
});

describe("keys of all organisations that expire within a week are found", () => {
  const IN_SIX_DAYS = Math.floor(Date.now() / 1000) + 6 * DAY_S;
  const point = (changes: Partial<MetricsPoint>): MetricsPoint => ({
    kind: "expiry",
    orgId: "org_a",
    keyId: "key_abcde1234567",
    keyExpiresAt: IN_SIX_DAYS,
    ...changes,
  });
  const expired = Math.floor(Date.now() / 1000) - 60;
  const NOTICED = point({});

  test.each<[string, boolean, ...MetricsPoint[]]>([
    ["unused, by the notice of its organisation", true, NOTICED],
    ["made since, for so short a time", true, point({ kind: "cut", outcome: "changed" })],
    ["disabled, which may be enabled again", true, NOTICED, point({ kind: "cut", outcome: "disabled" })],
    ["unless it was revoked", false, NOTICED, point({ kind: "cut", outcome: "revoked" })],
    [
      "unless it was given more time",
      false,
      NOTICED,
      point({ kind: "cut", outcome: "changed", keyExpiresAt: 0 }),
    ],
    ["unless it has expired", false, point({ keyExpiresAt: expired })],
    ["unless it has longer", false, point({ keyExpiresAt: IN_SIX_DAYS + 8 * DAY_S })],
  ])("%s", (_, isFound, ...points) => {
    const own = new StandInDataset(quiet.name);
    for (const [i, each] of points.entries()) {
      own.add(dataPoint(each), { secondsAgo: (points.length - i) * 3 * DAY_S - DAY_S });
    }
    const question = QUESTIONS.find(({ name }) => name === "expiring");
    const scope = { dataset: own.name, minutes: question?.minutes ?? 0, orgId: null, keyId: null };
    expect(own.query(question?.sql(scope) ?? "")).toHaveLength(isFound ? 1 : 0);
  });
});

describe("alerts", () => {
  const scope = { dataset: quiet.name, minutes: 60, orgId: null, keyId: null };
  const KEY = { orgId: "org_a", keyId: "key_abcde1234567" };
  const ANSWERED = { ...KEY, operation: "getVault", outcome: "succeeded" };
  const NOW_S = Math.floor(Date.now() / 1000);
  type Points = readonly [MetricsPoint, { secondsAgo?: number; sampled?: number }][];
  const FOUND: Readonly<Record<string, Points>> = {
    "used-after-cut": [
      [{ kind: "cut", ...KEY, outcome: "revoked" }, { secondsAgo: 200 }],
      [{ kind: "request", ...KEY, outcome: "succeeded" }, { secondsAgo: 10 }],
    ],
    "slow-cut": [[{ kind: "cut", ...KEY, outcome: "disabled", waitMs: 2500 }, {}]],
    backlog: [[{ kind: "outbox", orgId: "org_a", count: 3, attempts: 4 }, {}]],
    "guard-unavailable": [[{ kind: "request", ...KEY, admission: "unavailable" }, { sampled: 12 }]],
    "origin-failing": [[{ kind: "request", ...KEY, outcome: "originErrors" }, { sampled: 30 }]],
    "storage-filling": [[{ kind: "storage", orgId: "org_a", bytes: 6e9 }, { secondsAgo: 1800 }]],
    "origin-slow": [
      [
        { kind: "request", ...ANSWERED, originMs: 300 },
        { secondsAgo: 1800, sampled: 200 },
      ],
      [{ kind: "request", ...ANSWERED, originMs: 4000 }, { sampled: 60 }],
    ],
    "refusals-grown": [
      [
        { kind: "request", ...ANSWERED },
        { secondsAgo: 1800, sampled: 1000 },
      ],
      [{ kind: "request", ...KEY, outcome: "refused", code: "api_key_expired" }, { sampled: 300 }],
    ],
    "used-key-expires": [
      [{ kind: "request", ...ANSWERED, keyId: "key_soon12345678", keyExpiresAt: NOW_S + 3 * DAY_S }, {}],
    ],
    "keys-tried": [[{ kind: "request", code: "api_key_invalid", address: INTRUDER }, { sampled: 150 }]],
  };

  test("there is a case for each", () => {
    expect(Object.keys(FOUND).toSorted()).toEqual(ALERTS.map(({ name }) => name).toSorted());
  });

  test.each(ALERTS)("$name finds what it is for, and nothing where that is not", ({ name, sql }) => {
    const own = new StandInDataset(quiet.name);
    own.add(dataPoint({ kind: "request", ...KEY, outcome: "succeeded", admission: "lease" }), {
      sampled: 1000,
    });
    own.add(dataPoint({ kind: "cut", ...KEY, keyId: "key_other1234567", outcome: "revoked", waitMs: 180 }));
    own.add(dataPoint({ kind: "storage", orgId: "org_b", bytes: 6.5e9 }), { secondsAgo: 1200 });
    own.add(dataPoint({ kind: "storage", orgId: "org_b", bytes: 5.9e9 }));
    expect(own.query(sql(scope))).toEqual([]);
    for (const [point, options] of FOUND[name] ?? []) own.add(dataPoint(point), options);
    // The origin answers a thousand requests well: what fails must be more than a share of them.
    if (name === "origin-failing") {
      expect(own.query(sql(scope))).toEqual([]);
      own.add(dataPoint({ kind: "request", ...KEY, outcome: "originErrors" }), { sampled: 30 });
    }
    expect(own.query(sql(scope))).toHaveLength(1);
  });

  const HOURS_AGO = 4 * 3600;
  const answers = (originMs: number, sampled: number, secondsAgo = 0, operation = "getVault"): Points => [
    [
      { kind: "request", ...ANSWERED, operation, originMs },
      { sampled, secondsAgo },
    ],
  ];
  const refused = (code: string, sampled: number, secondsAgo = 0, orgId = "org_a"): Points => [
    [
      {
        kind: "request",
        ...KEY,
        orgId,
        outcome: code === "rate_limited" ? "limited" : "refused",
        code,
      },
      { sampled, secondsAgo },
    ],
  ];
  const used = (keyExpiresAt: number, changes: Partial<MetricsPoint> = {}, secondsAgo = 60): Points => [
    [{ kind: "request", ...ANSWERED, keyExpiresAt, ...changes }, { secondsAgo }],
  ];
  const SOON = NOW_S + 3 * DAY_S;
  type Point = Points[number];
  const cut = (outcome: string, daysAgo: number): Point => [
    { kind: "cut", ...KEY, outcome },
    { secondsAgo: daysAgo * DAY_S },
  ];
  const revoked = (daysAgo: number): Point => cut("revoked", daysAgo);
  const admitted = (secondsAgo: number): Point => [{ kind: "request", ...ANSWERED }, { secondsAgo }];
  const slow = (waitMs: number, leaseMs: number): Point => [
    { kind: "cut", ...KEY, outcome: "revoked", waitMs, leaseMs },
    {},
  ];
  const tried = (address: string, i: number): MetricsPoint => ({
    kind: "request",
    code: "api_key_invalid",
    keyId: `key_${i}`,
    address,
    subscriber: subscriberOf(address),
  });
  /** A day of an organisation: one request of a hundred is over its rate limit. */
  const USUAL: Points = [...answers(10, 9900, HOURS_AGO), ...refused("rate_limited", 100, HOURS_AGO)];

  test.each<[string, string, object[], Points]>([
    [
      "origin-slow",
      "names the operation that has become slow among others that have not",
      [{ operation: "getVault", requests: 60, p95Ms: 3001, p95MsBefore: 1000 }],
      [
        ...answers(1000, 100, HOURS_AGO),
        ...answers(3001, 60),
        ...answers(5, 9000, HOURS_AGO, "listNetworks"),
        ...answers(5, 9000, 0, "listNetworks"),
      ],
    ],
    [
      "origin-slow",
      "tells by what most answers stay below, whatever the fewest take",
      [],
      [...answers(100, 100, HOURS_AGO), ...answers(100, 96), ...answers(9000, 4)],
    ],
    [
      "origin-slow",
      "not of what has always been slow",
      [],
      [...answers(2000, 99, HOURS_AGO), ...answers(5999, 99)],
    ],
    ["origin-slow", "not of what is still fast", [], [...answers(5, 99, HOURS_AGO), ...answers(1000, 99)]],
    ["origin-slow", "not of a few answers", [], [...answers(100, 99, HOURS_AGO), ...answers(9000, 49)]],
    [
      "origin-slow",
      "not where there is little to compare with",
      [],
      [...answers(100, 49, HOURS_AGO), ...answers(9000, 99)],
    ],
    [
      "origin-slow",
      "not of what was slow an hour ago",
      [],
      [...answers(9000, 99, 3600), ...answers(100, 99)],
    ],
    [
      "refusals-grown",
      "names the code that has grown, not the most frequent one",
      [{ organization: "org_a", code: "api_key_revoked", refused: 150, requests: 950, refusedBefore: 0 }],
      [...USUAL, ...answers(10, 500), ...refused("rate_limited", 300), ...refused("api_key_revoked", 150)],
    ],
    [
      "refusals-grown",
      "tells of a limit that is met more often than before",
      [
        {
          organization: "org_a",
          code: "rate_limited",
          refused: 200,
          requests: 1000,
          refusedBefore: 100,
          requestsBefore: 10_000,
        },
      ],
      [...USUAL, ...answers(10, 800), ...refused("rate_limited", 200)],
    ],
    [
      "refusals-grown",
      "not of more traffic",
      [],
      [...USUAL, ...answers(10, 99_000), ...refused("rate_limited", 1000)],
    ],
    ["refusals-grown", "not of a few refusals", [], [...USUAL, ...refused("api_key_revoked", 99)]],
    [
      "refusals-grown",
      "not of a small part of all requests",
      [],
      [...USUAL, ...answers(10, 9000), ...refused("api_key_revoked", 900)],
    ],
    [
      "refusals-grown",
      "not of what was always refused",
      [],
      [
        ...answers(10, 700, HOURS_AGO),
        ...refused("api_key_revoked", 300, HOURS_AGO),
        ...refused("api_key_revoked", 900),
      ],
    ],
    [
      "refusals-grown",
      "not of an organisation without a past",
      [],
      [...USUAL, ...refused("api_key_revoked", 900, 0, "org_new")],
    ],
    [
      "refusals-grown",
      "not of keys that no organisation has",
      [],
      [...refused("api_key_invalid", 900, 0, ""), ...answers(10, 900, HOURS_AGO)],
    ],
    [
      "used-key-expires",
      "names the key",
      [{ organization: "org_a", key: KEY.keyId, expiresAt: SOON, requests: 1 }],
      used(SOON),
    ],
    ...(
      [
        ["revoked days ago, by a guard that was restored", [revoked(9), admitted(60)], true],
        ["revoked, whatever came after", [revoked(9), cut("changed", 8), admitted(60)], true],
        ["disabled yesterday", [cut("disabled", 1), admitted(60)], true],
        ["disabled, and enabled again", [cut("disabled", 9), cut("changed", 8), admitted(60)], false],
        ["disabled again", [cut("changed", 9), cut("disabled", 8), admitted(60)], true],
        ["only changed", [cut("changed", 9), admitted(60)], false],
        ["not used lately", [revoked(9), admitted(3 * 3600)], false],
        ["not used since", [admitted(3 * DAY_S), revoked(2)], false],
      ] as const
    ).map(([what, points, isFound]): [string, string, object[], Points] => [
      "used-after-cut",
      `${isFound ? "of" : "not of"} a key ${what}`,
      isFound ? [{ organization: "org_a", key: KEY.keyId }] : [],
      points,
    ]),
    ["slow-cut", "not of one within the longest lease of its guard", [], [slow(10_500, 10_000)]],
    ["slow-cut", "of one beyond it", [{ key: KEY.keyId, waitedMs: 11_500 }], [slow(11_500, 10_000)]],
    ["slow-cut", "where the longest lease is short", [{ waitedMs: 1900 }], [slow(1900, 200)]],
    [
      "keys-tried",
      "counts all addresses of a subscriber together",
      [{ address: "2001:db8:1:2::/64", refused: 120, keys: 3 }],
      [1, 2, 3].map((i) => [tried(`2001:db8:1:2::${i}`, i), { sampled: 40 }] as const),
    ],
    [
      "keys-tried",
      "not neighbours together",
      [],
      [1, 2, 3].map((i) => [tried(`2001:db8:1:${i}::1`, i), { sampled: 40 }] as const),
    ],
    ["used-key-expires", "not of one that never expires", [], used(0)],
    ["used-key-expires", "not of one that has longer", [], used(NOW_S + 8 * DAY_S)],
    ["used-key-expires", "not of one that has expired", [], used(NOW_S - 60)],
    ["used-key-expires", "not of one that is only refused", [], used(SOON, { outcome: "limited" })],
    ["used-key-expires", "not of one last used two days ago", [], used(SOON, {}, 2 * DAY_S)],
    [
      "used-key-expires",
      "not of one that was revoked since",
      [],
      [...used(SOON), ...used(SOON, { kind: "cut", outcome: "revoked" }, 30)],
    ],
    [
      "used-key-expires",
      "not of one that was given more time since",
      [],
      [...used(SOON), ...used(0, { kind: "cut", outcome: "changed" }, 30)],
    ],
  ])("%s: %s", (name, _, rows, points) => {
    const own = new StandInDataset(quiet.name);
    for (const [point, options] of points) own.add(dataPoint(point), options);
    const alert = ALERTS.find((each) => each.name === name);
    const found = own.query(alert?.sql({ ...scope, minutes: alert.minutes }) ?? "");
    expect(found).toHaveLength(rows.length);
    expect(found).toMatchObject(rows);
  });

  test("are gone through by one command, whose exit code tells whether any has found something", async () => {
    const calm = await ops(["alerts", "--key-id", keys.used.id]);
    expect(calm).toMatchObject({ code: 0, err: "" });
    expect(calm.out.trim().split("\n")).toEqual(ALERTS.map(({ name }) => `${name}: nothing`));
    dataset.add(dataPoint({ kind: "outbox", orgId: "org_test", count: 2, attempts: 5 }));
    const loud = await ops(["alerts"]);
    expect(loud.code).toBe(2);
    expect(loud.out).toMatch(/backlog: .*\norganization +waiting +attempts\norg_test +2 +5\n/);
    expect(loud.out).toMatch(new RegExp(`used-key-expires: .*\\n.*\\norg_test +${keys.soon.id} `));
    const silent = ALERTS.filter(({ name }) => !["backlog", "used-key-expires"].includes(name));
    for (const { name } of silent) expect(loud.out).toContain(`${name}: nothing\n`);
  });
});

describe("ops ask", () => {
  test("lists what can be asked, without asking anybody", async () => {
    const { code, out } = await ops([], { CLOUDFLARE_API_TOKEN: "" });
    expect(code).toBe(0);
    for (const { name, asks } of QUESTIONS)
      expect([name, out]).toEqual([name, expect.stringContaining(asks)]);
  });

  test("prints the query, with the dataset and the time asked for", async () => {
    const args = ["refusals", "--print", "--dataset", "gate", "--hours", "3", "--key-id", keys.cut.id];
    const { code, out } = await ops(args, { CLOUDFLARE_API_TOKEN: "" });
    expect(code).toBe(0);
    expect(out).toContain(`FROM gate\nWHERE timestamp > NOW() - INTERVAL '180' MINUTE`);
    expect(out).toContain(`'${keys.cut.id}'`);
  });

  test("shows moments as such, and what is not there as a dash", async () => {
    const { out } = await ops(["cuts"]);
    expect(out).toMatch(/revokedAt +disabledAt/);
    expect(out).toMatch(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +- /);
  });

  test.each<[string, string[], Record<string, string>]>([
    ["There is no question nonsense", ["nonsense"], {}],
    ["Ask one question", ["cuts", "guards"], {}],
    ["--org is no id", ["cuts", "--org", "x' OR '1'='1"], {}],
    ["--dataset must be", ["cuts", "--dataset", "a; DROP"], {}],
    ["--hours must be", ["cuts", "--hours", "0"], {}],
    ["--output must be", ["cuts", "--output", "xml"], {}],
    ["CLOUDFLARE_ACCOUNT_ID", ["cuts"], { CLOUDFLARE_ACCOUNT_ID: "" }],
  ])("says what is wrong: %s", (problem, args, env) => {
    expect(() => readAsk(args, { ...CREDENTIALS, ...env }, NAMES)).toThrow(problem);
  });

  test.each<[string, string[], Record<string, string>]>([
    ["answered 403: Authentication error", ["cuts"], { CLOUDFLARE_API_TOKEN: "wrong" }],
    ["cannot be reached", ["cuts"], { CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:1" }],
    ["answered 422", ["cuts", "--dataset", "not_there"], {}],
  ])("says what Cloudflare says: %s", async (problem, args, env) => {
    const { code, out, err } = await ops(args, env);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(problem);
  });

  test("waits for Cloudflare as long as one may wait", async () => {
    const silent = createServer(() => {});
    const args = ["cuts", "--timeout", "0.5"];
    const { code, out, err } = await ops(args, { CLOUDFLARE_API_BASE_URL: await listen(silent) });
    silent.closeAllConnections();
    await close(silent);
    expect({ code, out, err }).toEqual({
      code: 1,
      out: "",
      err: "Cloudflare's API has not answered within 0.5 s\n",
    });
    expect(() => readAsk(["cuts", "--timeout", "soon"], CREDENTIALS, NAMES)).toThrow("--timeout must be");
  });
});
