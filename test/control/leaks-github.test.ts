import { createHash } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { generateKey } from "../../src/core/key/key-secret.ts";
import { startControl, refusalOf, type Control, type Organization } from "../support/control.ts";
import { startGithub, type TestGithub } from "../support/github.ts";
import { mistyped, swapSecret } from "../support/key-strings.ts";
import { eventually, operatorOf, setOutage } from "../support/operators.ts";
import type { CreatedKey } from "../support/portcullis.ts";
import { exchange } from "../support/tokens.ts";

const PATH = "/-/ops/leaks/github";
const URL_OF_LEAK = "https://github.com/octocat/Hello-World/blob/12345600/foo/bar.txt";

let github: TestGithub;
let control: Control;
let organization: Organization;

beforeAll(async () => {
  github = await startGithub();
  control = await startControl({
    vars: { GITHUB_SECRET_SCANNING_KEYS_URL: github.keysUrl },
    faults: { guard: "FlakyGuard", organization: "FlakyOrganization" },
  });
  organization = { ...(await control.newOrganization()) };
});
afterAll(async () => {
  await control.stop();
  await github.stop();
});

function entry(token: string, changes: object = {}): object {
  return { token, type: "portcullis_api_key", url: URL_OF_LEAK, source: "content", ...changes };
}

function report(entries: unknown, headers = github.sign(JSON.stringify(entries))): Promise<Response> {
  return control.call("POST", PATH, { body: entries, headers });
}

async function labelsOf(entries: readonly object[]): Promise<string[]> {
  const answer = await report(entries);
  expect(answer.status).toBe(200);
  return (await answer.json<{ label: string }[]>()).map(({ label }) => label);
}

async function statusOf(key: CreatedKey): Promise<number> {
  return (await control.call("GET", "/v1/vaults/vault_1", { as: key.key })).status;
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}

/** The audit events of a key, the oldest first. */
async function auditOf(keyId: string): Promise<Record<string, unknown>[]> {
  const answer = await organization.admin.call("GET", `/-/audit-events?target=${keyId}`);
  return (await answer.json<{ data: Record<string, unknown>[] }>()).data.toReversed();
}

describe("a report of GitHub's", () => {
  test("revokes the real key in it before it is answered, and labels what is none", async () => {
    const key = await organization.admin.createKey();
    expect(await statusOf(key)).toBe(200);
    const tokens = [key.key, generateKey("fkc").key, mistyped(key.key), "NMIfyYncKcRALEXAMPLE", ""];
    const answer = await report(tokens.map((token) => entry(token)));
    expect(await statusOf(key)).toBe(401);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual(
      tokens.map((token, i) => ({
        token_hash: hashOf(token),
        token_type: "portcullis_api_key",
        label: i === 0 ? "true_positive" : "false_positive",
      })),
    );
  });

  test("is on record for the owner and the admins: where it was found, and that it is why the key is dead", async () => {
    const key = await organization.admin.createKey();
    await report([entry(key.key)]);
    const shown = await (await organization.admin.call("GET", `/-/api-keys/${key.id}`)).json();
    expect(shown).toMatchObject({
      status: "revoked",
      revokedBy: "github-secret-scanning",
      revocationReason: "Leaked: GitHub secret scanning, content",
    });
    const events = await auditOf(key.id);
    expect(events.map(({ action }) => action)).toEqual([
      "api_key.created",
      "api_key.revoked",
      "api_key.leaked",
    ]);
    expect(events.at(-1)).toMatchObject({
      actor: { id: "github-secret-scanning", name: "GitHub secret scanning" },
      after: { source: "GitHub secret scanning, content", url: URL_OF_LEAK, type: "portcullis_api_key" },
    });
    expect(JSON.stringify(events)).not.toContain(key.key.slice(-38));
  });

  test.each<[string, (key: CreatedKey) => Promise<unknown>]>([
    ["disabled", ({ id }) => organization.admin.call("PATCH", `/-/api-keys/${id}`, { disabled: true })],
    ["revoked", ({ id }) => organization.admin.call("DELETE", `/-/api-keys/${id}`)],
    [
      "expired",
      async ({ id }) => {
        const expiresAt = new Date(Date.now() + 300).toISOString();
        await organization.admin.call("PATCH", `/-/api-keys/${id}`, { expiresAt });
        const read = async () => (await organization.admin.call("GET", `/-/api-keys/${id}`)).json();
        await eventually(async () => ((await read()) as { status: string }).status === "expired");
      },
    ],
  ])("counts a key that is %s as real, and it is dead for good", async (_, change) => {
    const key = await organization.admin.createKey();
    await change(key);
    expect(await labelsOf([entry(key.key)])).toEqual(["true_positive"]);
    const shown = await (await organization.admin.call("GET", `/-/api-keys/${key.id}`)).json();
    expect(shown).toMatchObject({ status: "revoked" });
    expect((await auditOf(key.id)).at(-1)).toMatchObject({ action: "api_key.leaked" });
  });

  test("with the id of one key and the secret of another harms neither", async () => {
    const [one, other] = [await organization.admin.createKey(), await organization.admin.createKey()];
    expect(await labelsOf([entry(swapSecret(one.key, other.key))])).toEqual(["false_positive"]);
    expect(await Promise.all([one, other].map(statusOf))).toEqual([200, 200]);
  });

  test("that comes again is answered the same and noted once; another place is noted, too", async () => {
    const key = await organization.admin.createKey();
    const body = [entry(key.key)];
    const first = await (await report(body)).json();
    const again = await Promise.all([report(body), report(body)]);
    for (const answer of again) expect(await answer.json()).toEqual(first);
    const leaks = async () => (await auditOf(key.id)).filter(({ action }) => action === "api_key.leaked");
    expect(await leaks()).toHaveLength(1);
    await report([entry(key.key, { url: `${URL_OF_LEAK}.orig` })]);
    expect(await leaks()).toHaveLength(2);
    expect((await auditOf(key.id)).filter(({ action }) => action === "api_key.revoked")).toHaveLength(1);
  });

  test("may say more than is known, and less of where it was", async () => {
    const key = await organization.admin.createKey();
    const bare = { token: key.key, type: "portcullis_api_key", new_field: { a: 1 } };
    const odd = entry("x", { url: "javascript:alert(1)", source: null });
    expect(await labelsOf([bare, odd])).toEqual(["true_positive", "false_positive"]);
    expect((await auditOf(key.id)).at(-1)).toMatchObject({
      after: { source: "GitHub secret scanning", url: null },
    });
  });

  test("keeps no key that the place's address holds", async () => {
    const key = await organization.admin.createKey();
    await report([entry(key.key, { url: `https://example.com/?q=${key.key}`, source: key.key })]);
    const [event] = (await auditOf(key.id)).slice(-1);
    expect(event).toMatchObject({ action: "api_key.leaked" });
    expect(JSON.stringify(event)).not.toContain(key.key.slice(-38));
    expect(control.logs.join("\n")).not.toContain(key.key.slice(-38));
  });

  test("is heard although half a character is in the place's address", async () => {
    const key = await organization.admin.createKey();
    expect(await labelsOf([entry(key.key, { url: `${URL_OF_LEAK}/\ud83d`, source: "\udc00" })])).toEqual([
      "true_positive",
    ]);
    expect(await statusOf(key)).toBe(401);
  });

  test("of nothing is answered with nothing", async () => {
    expect(await labelsOf([])).toEqual([]);
  });
});

describe("while something is down", () => {
  afterEach(() => setOutage(control, organization.id, null));

  test.each(["organization throws", "organization hangs"] as const)(
    "a leaked key dies although the %s, which takes it in when it is back",
    async (outage) => {
      const key = await organization.admin.createKey();
      await setOutage(control, organization.id, outage);
      expect(await labelsOf([entry(key.key)])).toEqual(["true_positive"]);
      expect(await statusOf(key)).toBe(401);
      await setOutage(control, organization.id, null);
      const operator = operatorOf(control);
      const told = async () =>
        (await operator.list("confirmed", key.id)).every(({ organizationTold }) => organizationTold);
      await eventually(told);
      expect(await (await organization.admin.call("GET", `/-/api-keys/${key.id}`)).json()).toMatchObject({
        status: "revoked",
      });
    },
  );

  test("a key whose guard cannot be reached counts as real, is on record, and dies when it can be", async () => {
    const key = await organization.admin.createKey();
    const operator = operatorOf(control);
    await setOutage(control, key.id, "guard unreachable");
    expect(await labelsOf([entry(key.key), entry("nothing")])).toEqual(["true_positive", "false_positive"]);
    expect(await operator.list("unconfirmed", key.id)).toHaveLength(1);
    await setOutage(control, key.id, null);
    await eventually(async () => (await operator.list("confirmed", key.id)).length === 1);
    expect(await statusOf(key)).toBe(401);
    await eventually(async () => (await auditOf(key.id)).some(({ action }) => action === "api_key.leaked"));
  });

  test("a token whose guard cannot be reached is not called dealt with, and dies with the next report", async () => {
    const key = await organization.admin.createKey();
    const { access_token: token } = await exchange(control, key);
    await setOutage(control, key.id, "guard unreachable");
    expect(await refusalOf(await report([entry(token)]))).toEqual([503, "admission_unavailable"]);
    await setOutage(control, key.id, null);
    expect(await labelsOf([entry(token)])).toEqual(["true_positive"]);
    expect((await control.call("GET", "/v1/vaults/vault_1", { as: token })).status).toBe(401);
    expect(await statusOf(key)).toBe(200);
  });
});

describe("a body that GitHub has not signed", () => {
  const BODY = JSON.stringify([entry("x")]);
  const malleable = (): Buffer => {
    const [r, s] = integersOf(github.der(BODY));
    return Buffer.concat([Buffer.from([0x30, r.length + s.length + 3]), r, s, Buffer.from([0])]);
  };

  test.each<[string, () => Record<string, string>]>([
    ["no signature at all", () => ({})],
    ["no identifier", () => without("Github-Public-Key-Identifier")],
    ["no signature", () => without("Github-Public-Key-Signature")],
    [
      "an identifier that could not be",
      () => ({ ...github.sign(BODY), "Github-Public-Key-Identifier": "a b" }),
    ],
    [
      "an unknown identifier",
      () => ({ ...github.sign(BODY), "Github-Public-Key-Identifier": "0".repeat(64) }),
    ],
    [
      "the identifier of a key of another kind",
      () => ({ ...github.sign(BODY), "Github-Public-Key-Identifier": "rsa" }),
    ],
    ["the signature of another body", () => github.sign(`${BODY} `)],
    ["a signature with a byte after it", () => github.sign(BODY, malleable())],
    ["a signature that is no base64", () => withSignature((text) => `${text}!`)],
    [
      "a signature in another spelling of base64",
      () => withSignature((text) => (text.endsWith("=") ? text.replace(/=+$/, "") : `${text}=`)),
    ],
    ["a signature in the other form", () => withSignature(() => Buffer.alloc(64, 1).toString("base64"))],
  ])("is refused: %s", async (_, headers) => {
    expect(await refusalOf(await report([entry("x")], headers()))).toEqual([401, "signature_invalid"]);
  });

  test("is refused before anything of it is read, and does nothing", async () => {
    const key = await organization.admin.createKey();
    const headers = github.sign(JSON.stringify([entry("x")]));
    expect(await refusalOf(await report([entry(key.key)], headers))).toEqual([401, "signature_invalid"]);
    expect(await refusalOf(await raw("no JSON", headers))).toEqual([401, "signature_invalid"]);
    expect(await statusOf(key)).toBe(200);
  });

  function without(name: string): Record<string, string> {
    const { [name]: _, ...rest } = github.sign(BODY);
    return rest;
  }

  function withSignature(change: (text: string) => string): Record<string, string> {
    const headers = github.sign(BODY);
    return {
      ...headers,
      "Github-Public-Key-Signature": change(headers["Github-Public-Key-Signature"] ?? ""),
    };
  }
});

function raw(body: string, headers: Record<string, string>): Promise<Response> {
  return fetch(`${control.edges[0]}${PATH}`, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", ...headers },
  });
}

function integersOf(der: Buffer): [Buffer, Buffer] {
  const end = 4 + (der[3] ?? 0);
  return [der.subarray(2, end), der.subarray(end)];
}

describe("what GitHub has signed and is no report", () => {
  test.each<[string, string, [number, string]]>([
    ["no JSON", "[", [400, "invalid_request"]],
    ["no list", "{}", [400, "invalid_request"]],
    ["an entry without a token", '[{"type":"a"}]', [400, "invalid_request"]],
    ["nothing", "", [400, "invalid_request"]],
    [
      "too many entries",
      JSON.stringify(Array.from({ length: 10_001 }, () => ({ token: "", type: "" }))),
      [422, "invalid_value"],
    ],
    ["more than a body may be", " ".repeat(4_194_305), [413, "payload_too_large"]],
  ])("is refused: %s", async (_, body, expected) => {
    expect((await refusalOf(await raw(body, github.sign(body)))).slice(0, 2)).toEqual(expected);
  });

  test("is refused: another media type", async () => {
    const body = JSON.stringify([entry("x")]);
    const answer = await raw(body, { ...github.sign(body), "Content-Type": "text/plain" });
    expect(await refusalOf(answer)).toEqual([415, "unsupported_media_type"]);
  });
});

test("signatures whose integers are short or have a sign byte are all accepted", async () => {
  const seen = new Set<string>();
  for (let i = 0; seen.size < 3; i++) {
    const body = JSON.stringify([entry(`token ${i}`)]);
    const der = github.der(body);
    const shape = integersOf(der).map((integer) => integer.length - 2);
    const kind = shape.includes(33) ? "sign byte" : shape.some((length) => length < 32) ? "short" : "plain";
    if (seen.has(kind)) continue;
    seen.add(kind);
    expect((await raw(body, github.sign(body, der))).status, kind).toBe(200);
  }
});
