import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { keysIn, maybeKey, searchedFor } from "../../src/console/key-text.ts";
import { settingText } from "../../src/console/key-form/settings.tsx";
import { KeyBanners } from "../../src/console/parts/key-banners.tsx";
import { Role } from "../../src/console/parts/role.tsx";
import { overlapsOf } from "../../src/console/pages/key-rotate.tsx";
import { ImpactReport } from "../../src/console/parts/impact.tsx";
import { End, endOf, endsSoon } from "../../src/console/parts/key-end.tsx";
import { formatMoment } from "../../src/console/moment.ts";
import { relative } from "../../src/console/parts/time.tsx";
import { nameOfEvents, wordsOf } from "../../src/console/parts/audit-words.ts";
import { changesOf, faultOf, type Value } from "../../src/console/parts/changes.ts";
import { problemsOf } from "../../src/console/parts/problems.ts";
import { refuse } from "../../src/core/refusal.ts";
import { partText } from "../support/part-text.ts";
import { AUDIT_EVENTS, eventOf, operationsOf } from "../../src/core/organization/audit-event.ts";

/** How nobody speaks who explains a product. */
const OLD_VOICE =
  /\b(whoever|whence|is told|are told|of what|has it that|wants? to be|all the same|once and for all|goes on|hangs on|holds no|as the (deployment|key) has it)\b/i;

test("pages speak plainly", () => {
  const directory = join(import.meta.dirname, "../../src/console");
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((file) =>
    /\.tsx?$/.test(file),
  );
  const spoken = files.flatMap((file) => {
    const text = readFileSync(join(directory, file), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    return text.split(/(?<=[.;>{}])\s/).filter((sentence) => OLD_VOICE.test(sentence));
  });
  expect(files.length).toBeGreaterThan(80);
  expect(spoken).toEqual([]);
});

test("every event and every operation that changes something is told in words, done or refused", () => {
  const told = [...AUDIT_EVENTS, ...operationsOf("")].map(eventOf);
  const texts = told.flatMap((event) => {
    const { done, tried } = wordsOf(event, null, null);
    return [nameOfEvents(event) ?? "", done, tried];
  });
  expect(texts.filter((text) => !/^[A-Z$a-z][^._]+$/.test(text))).toEqual([]);
  expect(new Set(AUDIT_EVENTS.map(nameOfEvents)).size).toBe(AUDIT_EVENTS.length);
});

test.each([
  // 35 hours, which begin the day before yesterday.
  ["2026-11-26T23:00:00Z", "2026-11-28T10:00:00Z", "1 day ago"],
  // 400 days, which end in the year after the next.
  ["2028-01-02T00:00:00Z", "2026-11-28T00:00:00Z", "in 1 year"],
  ["2026-01-20T00:00:00Z", "2026-03-01T00:00:00Z", "1 month ago"],
])("the distance of %s at %s is a length, and no day of the calendar", (time, now, words) => {
  expect(relative(time, Date.parse(now))).toBe(words);
});

test("an event of another version is told by its name", () => {
  expect(wordsOf("vault.opened", null, null).tried).toBe("do something to $ (vault.opened)");
});

test.each([
  [false, true, "disabled $"],
  [true, false, "enabled $"],
  [false, false, "changed $"],
])("a key that was disabled (%s) and is (%s) was %s", (before, after, done) => {
  expect(wordsOf("api_key.updated", { disabled: before }, { disabled: after }).done).toBe(done);
});

const KEY = "fkc_4tYk2bQ9XwZaN3pLr8sVdF6gHjKmTc1eUy5iOo7PqRnBv0WxZz";
const IMPORTED = "sk_live_51H8xTqLkd02bLqj9vRWcMPS";

test.each([
  (key: string) => key,
  (key: string) => ` ${key}\r\n`,
  (key: string) => `"${key}",`,
  (key: string) => `\u201c${key}\u201d`,
  (key: string) => `\u200b${key}\u2060`,
  (key: string) => `Authorization: Bearer ${key}`,
  (key: string) => `-H 'authorization: bearer ${key}'`,
  (key: string) => `curl -H "Authorization: Bearer ${key}" https://api.example.com/v1/vaults`,
  (key: string) => `https://api.example.com/v1/vaults?key=${key}&page=2`,
  (key: string) => `export API_KEY=${key}`,
  (key: string) => `API_KEY: ${key}`,
  (key: string) => `{"apiKey":"${key}"}`,
  (key: string) => `2026-11-28T01:02:03Z ERROR calling with ${key} failed`,
])("a key is found in what it stands in (%#)", (wrap) => {
  for (const key of [KEY, IMPORTED]) expect(keysIn(wrap(key))).toContain(key);
  expect(keysIn(wrap(KEY))).toEqual([KEY]);
});

/** The text in the full-width forms of its characters. */
function wide(text: string): string {
  return text.replaceAll(/[!-~]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0));
}

test.each([
  ["percent-encoded", `https://api.example.com/v1?k=${KEY.replace("_", "%5F")}`],
  ["of an Authorization header in Base64", `Authorization: Basic ${btoa(`key_4tYk2bQ9XwZa:${KEY}`)}`],
  ["broken over two lines", `${KEY.slice(0, 30)}\n  ${KEY.slice(30)}`],
  ["broken by the shell's sign for a long line", `${KEY.slice(0, 40)}\\\n${KEY.slice(40)}`],
  ["in full-width letters", wide(KEY)],
  ["in full-width letters in a command", `curl -H "Authorization: Bearer ${wide(KEY)}"`],
  [
    "in letters of mathematics",
    KEY.replaceAll(/[a-z]/g, (letter) => String.fromCodePoint(0x1d41a + letter.charCodeAt(0) - 97)),
  ],
  ["escaped twice", KEY.replace("_", "%255F")],
  ["as JSON escapes it", KEY.replace("_", String.raw`\u005f`)],
  ["as HTML escapes it", KEY.replace("_", "&#95;")],
  ["as HTML escapes it by hex", KEY.replace("_", "&#x5f;")],
  ["as mail escapes it", KEY.replace("_", "=5F")],
  ["as mail breaks its lines", `${KEY.slice(0, 40)}=\r\n${KEY.slice(40)}`],
  ["as Markdown escapes it", KEY.replace("_", String.raw`\_`)],
  ["with spaces", `${KEY.slice(0, 4)} ${KEY.slice(4, 16)} ${KEY.slice(16)}`],
])("a key of ours is found %s", (_, text) => {
  expect(keysIn(text)).toEqual([KEY]);
});

test("a key of another form is found in full-width letters", () => {
  expect(keysIn(`\u3000${wide(IMPORTED)}`)).toEqual([IMPORTED]);
  expect(maybeKey(wide("correct-horse-battery-staple"))).toBe("correct-horse-battery-staple");
  expect(searchedFor(wide("key_4tYk2bQ9XwZa"))).toBe("key_4tYk2bQ9XwZa");
});

test.each([
  ["2026-11-28T10:00:00Z INFO key=key_4tYk2bQ9XwZa status=200", "key_4tYk2bQ9XwZa"],
  ["fkc_4tYk2bQ9XwZa****************", "fkc_4tYk2bQ9XwZa"],
  ["fkc_4tYk2bQ9XwZa•••• (prod)", "fkc_4tYk2bQ9XwZa"],
  ["API_KEY=fkc_4tYk2bQ9XwZa...", "fkc_4tYk2bQ9XwZa"],
  ['{"keyId":"key_4tYk2bQ9XwZa","trace":"4bf92f3577b34da6a3ce929d0e0e4736"}', "key_4tYk2bQ9XwZa"],
  ["key_4tYk2bQ9XwZa", "key_4tYk2bQ9XwZa"],
  ["fkc_4tYk2bQ9XwZa", "fkc_4tYk2bQ9XwZa"],
  ["longprefixofsome_4tYk2bQ9XwZa…", "longprefixofsome_4tYk2bQ9XwZa"],
  ["https://gateway.example/-/console/keys/key_4tYk2bQ9XwZa?window=7d#usage", "key_4tYk2bQ9XwZa"],
  ["svc_6f1e0d9c8b7a4f3e9d2c1b0a5f4e3d2c", "svc_6f1e0d9c8b7a4f3e9d2c1b0a5f4e3d2c"],
  ["0b0f6f0e-9f0a-4c56-9a55-0c3a52f1e9aa", "0b0f6f0e-9f0a-4c56-9a55-0c3a52f1e9aa"],
  ["somebody.with.a.long.name1@example.com", "somebody.with.a.long.name1@example.com"],
  ["the ledger export of the year 2026", "the ledger export of the year 2026"],
  ["settlement-service-production-2026", "settlement-service-production-2026"],
  ["Ledger_Export_eu1_Q4_2026_nightly", "Ledger_Export_eu1_Q4_2026_nightly"],
  ["a-name-of-letters-alone-which-is-long", "a-name-of-letters-alone-which-is-long"],
  ["\u200bLedger\u200b ", "Ledger"],
  ["", ""],
  ["auth0|507f1f77bcf86cd799439011", "auth0|507f1f77bcf86cd799439011"],
  ["00u1a2b3c4d5E6f7G8h9", "00u1a2b3c4d5E6f7G8h9"],
  ["110169484474386276334", "110169484474386276334"],
  ["TreasuryDashboard2026", "TreasuryDashboard2026"],
  ["NightlySettlement", "NightlySettlement"],
  ["vault_3f8a2c1d9b", "vault_3f8a2c1d9b"],
  ["vault-3F8A2c1d9b77e0", "vault-3F8A2c1d9b77e0"],
  ["org_8f3kq09zw1", "org_8f3kq09zw1"],
  ["wallet_a8k2d9m3f0q1", "wallet_a8k2d9m3f0q1"],
])("%s is no key, and searched for as %s", (text, searched) => {
  expect(keysIn(text)).toEqual([]);
  expect(searchedFor(text)).toBe(searched);
});

test.each([
  "a8Kd93mfQ0zLp2Xv",
  "9f86d081884c7d65",
  "4111111111111111",
  "AKIA7Q2ZK4M9X1TB5RC0",
  "xoxb-2f9c-81be-77d0-aa31",
  "sk_a8Kd93mfQ0zLp2Xv",
  "vault_3f8a2c1d9be04c55a1b2c3d4e5f60718",
  "wallet_a8k2d9m3f0q1z7x5",
])("%s is taken to be a key of another form", (text) => {
  expect(keysIn(`Bearer ${text}`)).toContain(text);
  expect(maybeKey(text)).toBeNull();
});

test.each([
  ["TreasuryDashboard2026", true],
  ["correct-horse-battery-staple", true],
  ["0b0f6f0e-9f0a-4c56-9a55-0c3a52f1e9aa", true],
  ["somebody@example.com", true],
  ["key_4tYk2bQ9XwZa", false],
  ["fkc_4tYk2bQ9XwZa", false],
  ["Treasury 2026", false],
  ["Settlement", false],
])("%s may be a key as well as a name: %s", (text, may) => {
  expect(maybeKey(` ${text}\u200b`)).toBe(may ? text : null);
});

describe("the end of a key is one everywhere", () => {
  const NOW = Date.parse("2026-11-20T12:00:00.000Z");
  const at = (days: number) => new Date(NOW + days * 86_400_000).toISOString();
  const key = (changes: object) => ({
    status: "active" as const,
    expiresAt: null,
    retiresAt: null,
    revokedAt: null,
    ...changes,
  });

  test.each([
    ["without an expiry", key({}), null, false],
    ["with one", key({ expiresAt: at(60) }), at(60), false],
    ["with one soon", key({ expiresAt: at(13) }), at(13), true],
    ["that was rotated", key({ expiresAt: at(60), retiresAt: at(1) }), at(1), true],
    ["that was rotated and has no expiry", key({ retiresAt: at(1) }), at(1), true],
    ["that expires before its overlap ends", key({ expiresAt: at(1), retiresAt: at(2) }), at(1), true],
    ["that is disabled", key({ status: "disabled", expiresAt: at(1) }), at(1), false],
    ["that is revoked", key({ status: "revoked", expiresAt: at(365), revokedAt: at(-1) }), null, false],
  ])("of one %s", (_, ending, end, soon) => {
    expect(endOf(ending)).toBe(end);
    expect(endsSoon(ending, NOW)).toBe(soon);
  });

  test("says of a revoked key nothing of the future, and of a rotated one why it ends", () => {
    const later = new Date(Date.now() + 40_000_000_000).toISOString();
    const revoked = key({ status: "revoked", expiresAt: later, retiresAt: later, revokedAt: at(0) });
    for (const short of [true, false]) expect(partText(End({ key_: revoked, short }))).toBe("—");
    const rotated = key({ expiresAt: null, retiresAt: later });
    expect(partText(End({ key_: rotated }))).toMatch(/ \(.+\), since it was rotated$/);
  });
});

test.each([
  [[], /^Any address/],
  [["::/0"], /^Any address.*::\/0/],
  [["192.0.2.1", "0.0.0.0/0"], /^Any address.*192\.0\.2\.1/],
  [["192.0.2.1"], /^192\.0\.2\.1$/],
])("the addresses %j of a key read as what they are", (allowedIps, text) => {
  const values = { name: "", description: null, scopes: [], vaults: [], rateLimit: null, expiresAt: null };
  const said = settingText("allowedIps", { ...values, allowedIps }, { requests: 1, windowSeconds: 1 });
  expect(partText(said)).toMatch(text);
});

describe("what has changed is told in words", () => {
  const said = (values: readonly Value[] | null) =>
    values && values.map((value) => (value.kind === "text" ? value.text : value));

  test.each<[field: string, value: unknown, name: string, told: unknown]>([
    ["expiresAt", "2026-11-20T21:47:09.000Z", "expiry", { kind: "moment", iso: "2026-11-20T21:47:09.000Z" }],
    ["activeFrom", "2026-11-20T21:47:09Z", "active from", { kind: "moment", iso: "2026-11-20T21:47:09Z" }],
    ["successorId", "key_4tYk2bQ9XwZa", "replaced by", { kind: "key", id: "key_4tYk2bQ9XwZa" }],
    ["revokedBy", "bob", "revoked by", "Bob Baker"],
    ["revokedBy", "somebody", "revoked by", "somebody"],
    ["rateLimit", { requests: 5, windowSeconds: 60 }, "rate limit", "5 requests a minute"],
    ["scopes", [{ action: "read", resource: "vault" }], "scopes", "vault:read"],
    ["vaults", "*", "vaults", "every vault"],
    ["vaultRoles", { "*": ["developer"] }, "vaults", "developer on every vault"],
    ["vaultRoles", { "my.vault": ["developer"] }, "vaults", "developer on my.vault"],
    ["owner", { id: "bob", kind: "user", name: "Bob Baker" }, "owner", "Bob Baker"],
    ["members", [{ value: "u-1", display: "Bob" }, { value: "u-2" }], "members", ["Bob", "u-2"]],
    ["disabled", true, "disabled", "yes"],
    ["allowedIps", [], "allowed addresses", "Any address"],
    ["rateLimit", null, "rate limit", "the default, 600 requests a minute"],
    ["expiresAt", null, "expiry", "never"],
    ["constructor", "x", "constructor", "x"],
  ])("%s: %j", (field, value, name, told) => {
    const [change] = changesOf(
      null,
      { [field]: value },
      { names: new Map([["bob", "Bob Baker"]]), usual: { requests: 600, windowSeconds: 60 } },
    );
    expect([change?.field, change?.before, said(change?.after ?? null)]).toEqual([name, null, [told].flat()]);
  });
});

test.each([[null], [""], [undefined], [[]], [{}], [false]])(
  "of something new, a field with %j says nothing and is left out; of a change, it is what there was",
  (value) => {
    expect(changesOf(null, { name: "x", note: value }).map(({ field }) => field)).toEqual(["name"]);
    expect(changesOf({ note: value }, { note: "x" })).toHaveLength(1);
  },
);

test.each([
  [{ field: "allowedIps.1", problem: "Is wrong" }, "allowed addresses no. 2: Is wrong"],
  [{ field: "vaultRoles.7", problem: "Is wrong" }, "vaults 7: Is wrong"],
  [{ field: "name", problem: "Must not be empty" }, "name: Must not be empty"],
  [{ field: "", problem: "Is wrong" }, "Is wrong"],
  [{ displayName: "Kept before" }, null],
  [null, null],
])("a refused attempt with %j on record says %s", (after, text) => {
  expect(faultOf({ outcome: "refused", after })).toBe(text);
  expect(faultOf({ outcome: "done", after })).toBe(null);
});

test("of several wrong entries of a list, each is named as it was filled in", () => {
  const fields = [
    { field: "allowedIps.1", problem: "wrong" },
    { field: "allowedIps.2", problem: "wrong" },
    { field: "scopes.0.resource", problem: "bad" },
  ];
  const sent = { allowedIps: ["192.0.2.1", "nowhere", "x".repeat(100)], scopes: [{}] };
  expect(
    problemsOf(
      refuse("invalid_value", { details: { fields } }),
      { allowedIps: "Addresses", scopes: "S" },
      {},
      sent,
    ),
  ).toEqual({ allowedIps: `nowhere: wrong; ${"x".repeat(60)}: wrong`, scopes: "No. 1: bad" });
});

test.each([
  ["vaultRoles.my.vault", "my.vault: wrong"],
  ["vaultRoles.treasury", "treasury: wrong"],
  ["vaultRoles", "wrong"],
  ["name", "wrong"],
])("a problem of %s is told whole", (field, told) => {
  const refusal = refuse("invalid_value", { details: { fields: [{ field, problem: "wrong" }] } });
  const [key = ""] = field.split(".");
  expect(problemsOf(refusal, { name: "Name", vaultRoles: "Vault ids" })).toEqual({ [key]: told });
});

test("a problem of a field that a form does not have names it", () => {
  const refusal = refuse("invalid_value", { details: { fields: [{ field: "a.b.0", problem: "wrong" }] } });
  expect(problemsOf(refusal, { name: "Name" })).toEqual({ "": "a.b.0: wrong" });
});

test.each([
  ["2026-11-20T21:47:09.000Z", "minute", "UTC", "20 Nov 2026, 21:47 UTC"],
  ["2026-11-20T21:47:09.000Z", "second", "Asia/Tokyo", "21 Nov 2026, 06:47:09 GMT+9"],
  ["2026-11-20T00:00:00.000Z", "second", "UTC", "20 Nov 2026, 00:00:00 UTC"],
  ["2026-03-29T01:00:00.000Z", "minute", "Europe/Berlin", "29 Mar 2026, 03:00 CEST"],
  ["2026-10-25T01:00:00.000Z", "minute", "Europe/Berlin", "25 Oct 2026, 02:00 CET"],
] as const)("%s to the %s in %s is %s", (iso, to, zone, text) => {
  expect(formatMoment(iso, to, zone)).toBe(text);
});

describe("what a change would do to the calls of the last day", () => {
  const NONE = { wouldRefuse: 0, refusedAlready: 0, wouldSeeLess: 0, unknown: 0, byReason: [], examples: [] };
  const window = { from: "2026-11-20T00:00:00Z", to: "2026-11-21T00:00:00Z" };
  const said = (counts: object, ended?: "disabled" | "expired") =>
    partText(ImpactReport({ impact: { window, calls: 5, ...NONE, ...counts }, names: new Map(), ended }));

  test.each([
    [{}, /would have refused no call.*All 5 calls .* as they did/],
    [{ calls: 0 }, /refused no call.*let no call through/],
    [{ refusedAlready: 5 }, /The present settings refuse all 5 calls .* already/],
    [
      { refusedAlready: 2 },
      /The present settings refuse 2 calls .* already.*Of 5 calls .*, 3 would have gone/,
    ],
    [
      { wouldRefuse: 1, refusedAlready: 4, byReason: [{ reason: "vault", calls: 1 }] },
      /would have refused 1 call .*From then on.*4 calls: refused by the present settings already/,
    ],
  ])("%j reads as what it is", (counts, text) => {
    expect(said(counts)).toMatch(text);
    expect(said({ refusedAlready: 5, ...counts })).not.toMatch(/All 5 calls/);
  });

  test.each(["disabled", "expired"] as const)("promises nothing of a key that is %s", (ended) => {
    const counts = { wouldRefuse: 5, byReason: [{ reason: "vault", calls: 5 }] };
    expect(said(counts, ended)).toMatch(new RegExp(`The key is ${ended}: it refuses every call at present`));
    expect(said(counts, ended)).not.toMatch(/From then on/);
  });
});

test.each([
  ["admin", "Admin"],
  ["vault_3f8a2c1d9b:developer", "Developer on vault_3f8a2c1d9b"],
  ["eu:vault_1:developer", "Developer on eu:vault_1"],
  ["*:developer", "Developer on every vault, now and later"],
])("the role %s reads as %s", (role, text) => {
  expect(partText(Role({ role }))).toBe(text);
});

describe("a rotated key keeps working", () => {
  const NOW = Date.parse("2026-11-20T12:00:00.000Z");
  const HOUR_MS = 3_600_000;
  const offered = (hours: number | null) => {
    const expiresAt = hours === null ? null : new Date(NOW + hours * HOUR_MS).toISOString();
    return overlapsOf({ status: "active", expiresAt, retiresAt: null }, NOW, " At once.");
  };

  test.each([
    [null, ["0", "1h", "24h", "7d", "30d"], "30 days"],
    [24 * 365, ["0", "1h", "24h", "7d", "30d"], "30 days"],
    [48, ["0", "1h", "24h", "7d"], "Until it expires"],
    [24, ["0", "1h", "24h"], "Until it expires"],
    [0.5, ["0", "1h"], "Until it expires"],
    [-1, ["0", "1h"], "Until it expires"],
  ])("no longer than until it ends by itself in %s hours", (hours, values, last) => {
    expect(offered(hours).map(({ value }) => value)).toEqual(values);
    expect(offered(hours).at(-1)?.label).toBe(last);
    expect(offered(hours)[0]?.note).toMatch(/refused at once\..* At once\.$/);
  });

  test("until a moment that is said", () => {
    expect(
      offered(48)
        .map(({ note }) => note)
        .slice(1),
    ).toEqual(["Until 20 Nov 2026, 13:00 UTC", "Until 21 Nov 2026, 12:00 UTC", "On 22 Nov 2026, 12:00 UTC"]);
  });
});

test("the banner of a rotated key whose new key is revoked leads on", () => {
  const key = { id: "key_000000000001", name: "Old", status: "active", successorId: "key_000000000002" };
  const retiring = { ...key, expiresAt: null, revokedAt: null, retiresAt: "2099-01-01T00:00:00.000Z" };
  const said = (status: string) =>
    partText(KeyBanners({ key_: retiring as never, csrf: "", successor: { status } as never }));
  expect(said("active")).toMatch(/The new key with the same settings is/);
  expect(said("revoked")).toMatch(/The new key key_000000000002 is revoked\..* duplicate this one\./);
});
