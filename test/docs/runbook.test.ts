import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import { OPERATOR } from "../support/operators.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { exchange } from "../support/tokens.ts";
import { readJson } from "../support/json.ts";
import { usePortcullis } from "../support/started.ts";

/** The steps of the runbook are taken in its own words: its commands are run as they stand there. */
const PAGE = readFileSync(join(import.meta.dirname, "../../src/docs/runbook.md"), "utf8");
const ROOT = join(import.meta.dirname, "../..");
/** A provider that nobody reaches. */
const GONE = "http://127.0.0.1:1";
const [WHOLE, NO_PROVIDER, OVERLOADED] = [0, 1, 2];
const portcullis = await usePortcullis({
  edges: [{}, { vars: { OIDC_ISSUER: GONE } }, { guard: "OverloadedGuard" }],
});

/** The commands of a section that contain a text. */
function commandOf(title: string, containing: string): string {
  const section = PAGE.split(/^## /m).find((each) => each.startsWith(`${title}\n`)) ?? "";
  const commands = [
    ...[...section.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].flatMap(([, block = ""]) => block.split("\n")),
    ...[...section.matchAll(/`([^`\n]+)`/g)].map(([, inline = ""]) => inline),
  ];
  const found = commands.find((command) => command.includes(containing));
  if (found === undefined) throw new Error(`The runbook has no ${containing} under ${title}`);
  return found.trim();
}

/** Runs a command of a section against an edge, with what stands for a placeholder in it. */
async function take(
  title: string,
  containing: string,
  { edge = WHOLE, put = [] }: { edge?: number; put?: readonly (readonly [string, string])[] } = {},
): Promise<string> {
  let command = commandOf(title, containing);
  for (const [placeholder, value] of put) command = command.replace(placeholder, value);
  const env = {
    ...process.env,
    PORTCULLIS_URL: portcullis.edges[edge],
    PORTCULLIS_TOKEN: await portcullis.issuer.token(OPERATOR),
    ADMIN_TOKEN: await portcullis.issuer.token(adminClaims()),
  };
  return new Promise((done) => {
    execFile("bash", ["-uc", command], { env, cwd: ROOT }, (_error, out) => done(out));
  });
}

async function use(credential: string, edge = WHOLE): Promise<{ status: number; code: string | null }> {
  const answer = await portcullis.call("GET", "/v1/networks", {
    as: credential,
    edge,
    from: freshAddress(),
  });
  const { error } = await answer.json<{ error?: { code: string } }>();
  return { status: answer.status, code: error?.code ?? null };
}

const LIVE = { status: 200, code: null };
const DEAD = { status: 401, code: "api_key_revoked" };

test("a key has leaked: whoever holds it ends it without a token", async () => {
  const { key } = await portcullis.createKey();
  expect(await use(key)).toEqual(LIVE);
  await take("A key has leaked", "/-/oauth/revoke", { put: [["fkc_…", key]] });
  expect(await use(key)).toEqual(DEAD);
});

test("a key has leaked: an operator ends those of a file, and nothing is left to be confirmed", async () => {
  const { key, id } = await portcullis.createKey();
  const directory = mkdtempSync(join(tmpdir(), "portcullis-runbook-"));
  const file = join(directory, "leaked.txt");
  writeFileSync(file, `${key}\n`);
  const put = [["leaked.txt", file]] as const;
  const told = await take("A key has leaked", "ops -- revoke", { put });
  rmSync(directory, { recursive: true });
  expect(told).toMatch(new RegExp(`^\\w+…  +${id}  +revoked `, "m"));
  expect(told).toContain("1 matched, 1 revoked, 0 unconfirmed, 0 not found");
  expect(await use(key)).toEqual(DEAD);
  expect(await take("A key has leaked", "ops -- list")).not.toContain(id);
});

test("an organisation's database is restored: its keys are compared, and settled", async () => {
  const title = "An organisation's database is restored to yesterday";
  const { id, key } = await portcullis.createKey();
  const kv = await portcullis.miniflare.getKVNamespace("KEY_RECORDS", "edge0");
  await expect.poll(() => kv.get(id)).not.toBeNull();
  await kv.put(id, "{}");
  const put = [["org_demo", "org_test"]] as const;
  expect(await take(title, "reconcile --org org_demo", { put })).toMatch(new RegExp(`^${id} .* no$`, "m"));
  expect(await take(title, "--fix", { put })).toMatch(new RegExp(`^${id} .* yes$`, "m"));
  expect(await use(key)).toEqual(LIVE);
});

describe("the identity provider is down:", () => {
  test("keys go on, holders still revoke, the control API says why it cannot", async () => {
    const [used, leaked] = await Promise.all([portcullis.createKey(), portcullis.createKey()]);
    expect(await use(used.key, NO_PROVIDER)).toEqual(LIVE);
    const as = await portcullis.issuer.token(adminClaims({ iss: GONE }));
    const answer = await portcullis.call("GET", "/-/api-keys", { as, edge: NO_PROVIDER });
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([
      503,
      expect.stringMatching(/^[1-9]\d*$/),
    ]);
    expect(await answer.json()).toMatchObject({ error: { code: "identity_provider_unavailable" } });
    const end = { edge: NO_PROVIDER, put: [["fkc_…", leaked.key]] as const };
    await take("The identity provider is down", "/-/oauth/revoke", end);
    expect(await use(leaked.key)).toEqual(DEAD);
  });
});

describe("KV is lost:", () => {
  interface Copies {
    list(): Promise<{ keys: { name: string }[] }>;
    delete(name: string): Promise<void>;
  }

  test("keys and revocations are as they were, and it fills itself as keys change", async () => {
    const [kept, revoked] = await Promise.all([portcullis.createKey(), portcullis.createKey()]);
    await portcullis.manage("DELETE", `/-/api-keys/${revoked.id}`);
    const { KEY_RECORDS: kv } = await portcullis.miniflare.getBindings<{ KEY_RECORDS: Copies }>("edge0");
    const names = async () => (await kv.list()).keys.map(({ name }) => name);
    await expect.poll(names).toContain(kept.id);
    for (const name of await names()) await kv.delete(name);
    expect([await use(kept.key), await use(revoked.key)]).toEqual([LIVE, DEAD]);
    expect(JSON.parse(await take("KV is lost", "/-/readyz"))).toMatchObject({ status: "ok" });
    await portcullis.manage("PATCH", `/-/api-keys/${kept.id}`, { description: "Changed" });
    await expect.poll(names).toContain(kept.id);
  });
});

test("a guard is overloaded: nothing is let through unconfirmed, and readyz tells", async () => {
  const { key } = await portcullis.createKey();
  expect(await use(key, OVERLOADED)).toEqual({ status: 503, code: "admission_unavailable" });
  const told = JSON.parse(await take("A guard is overloaded", "/-/readyz", { edge: OVERLOADED }));
  expect(told).toMatchObject({ status: "unavailable", checks: { guard: "unavailable", kv: "ok" } });
  expect(await use(key)).toEqual(LIVE);
});

describe("a signing key is compromised:", () => {
  const TITLE = "A signing key is compromised";

  async function kidsOf(path: string): Promise<string[]> {
    const { keys } = await (await portcullis.call("GET", path)).json<{ keys: { kid: string }[] }>();
    return keys.map(({ kid }) => kid);
  }

  test("both keys are rotated, and what was signed before is good until then", async () => {
    const holder: CreatedKey = await portcullis.createKey();
    const { access_token: token } = await exchange(portcullis, holder);
    for (const [command, path] of [
      ["/-/ops/signing-key/rotate", "/-/jwks.json"],
      ["/-/organization/signing-key/rotate", "/-/organizations/org_test/jwks.json"],
    ] as const) {
      const before = await kidsOf(path);
      const { kid, activeFrom } = readJson<Record<string, string>>(await take(TITLE, command));
      expect(before).not.toContain(kid);
      expect(await kidsOf(path)).toEqual(expect.arrayContaining([...before, kid]));
      expect(Date.parse(activeFrom ?? "")).toBeGreaterThan(Date.now());
    }
    expect(await use(token)).toEqual(LIVE);
  });

  test("forged tokens die with the keys of the organisation, which one command cuts, and another erases", async () => {
    const admin = await portcullis.issuer.token(adminClaims({ org_id: "org_forged" }));
    await portcullis.call("POST", "/-/organization/bootstrap", { as: admin });
    const body = { name: "Forged", scopes: ["vault:read"], vaults: "*" };
    const made = await portcullis.call("POST", "/-/api-keys", { as: admin, body });
    const holder = await made.json<CreatedKey>();
    const { access_token: token } = await exchange(portcullis, holder);
    expect(await use(token)).toEqual(LIVE);
    const told = await take(TITLE, "/-/ops/revocations", { put: [["org_acme", "org_forged"]] });
    expect(JSON.parse(told)).toMatchObject({ summary: { matched: 1, confirmed: 1 } });
    expect((await use(token)).status).toBe(401);
    expect(await use(holder.key)).toEqual(DEAD);

    const leaving = { put: [["org_acme", "org_forged"]] as const };
    const erased = readJson<object>(await take("An organisation leaves", "curl -X DELETE", leaving));
    expect(erased).toMatchObject({ status: "erased", receipts: [{ keyId: holder.id, status: "revoked" }] });
    expect(await use(holder.key)).toEqual(DEAD);
  });
});
