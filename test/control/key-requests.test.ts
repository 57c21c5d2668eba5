import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { NEW_KEY, refusalOf } from "../support/control.ts";
import { readJson } from "../support/json.ts";
import { useControl } from "../support/started.ts";

const control = await useControl();
const organization = await control.newOrganization();

const MANY = Array.from({ length: 201 }, (_, i) => `x${i}`);

const IMPOSSIBLE: readonly (readonly [field: string, value: unknown])[] = [
  ["name", ""],
  ["name", "   "],
  ["name", "x".repeat(101)],
  ["name", "line\nbreak"],
  ["name", "bell\u0007"],
  ["description", "x".repeat(501)],
  ["scopes", []],
  ["scopes", MANY.map(() => "vault:read")],
  ["scopes", ["vault"]],
  ["scopes", ["vault:fly"]],
  ["scopes", ["planet:read"]],
  ["scopes", ["vault//balance:read"]],
  ["scopes", [{ action: "fly", resource: "vault" }]],
  ["scopes", [{ action: "read", resource: "planet" }]],
  ["scopes", [{ action: "read", resource: "" }]],
  ["vaults", []],
  ["vaults", MANY],
  ["vaults", ["vault/1"]],
  ["vaults", ["v".repeat(3001)]],
  ["vaults", [""]],
  ["allowedIps", MANY],
  ["allowedIps", [""]],
  ["allowedIps", ["203.0.113.7/24"]],
  ["allowedIps", ["10.0.0.0/33"]],
  ["allowedIps", ["010.0.0.1"]],
  ["allowedIps", ["10.0.0"]],
  ["allowedIps", ["fe80::1%eth0"]],
  ["allowedIps", ["localhost"]],
  ["allowedIps", ["10.0.0.1", "nonsense"]],
  ["expiresIn", "0d"],
  ["expiresIn", "-1d"],
  ["expiresIn", "30"],
  ["expiresIn", "30 days"],
  ["expiresIn", "101y"],
  ["expiresIn", ""],
  ["expiresAt", "2020-01-01T00:00:00Z"],
  ["expiresAt", "tomorrow"],
  ["expiresAt", "2096-01-31"],
  ["expiresAt", "2096-01-31T12:00:00"],
  ["expiresAt", "2095-02-29T00:00:00Z"],
  ["expiresAt", "2096-01-31T24:00:00Z"],
  ["expiresAt", "9999-12-31T23:59:59-01:00"],
  ["rateLimit.requests", { requests: 0, windowSeconds: 60 }],
  ["rateLimit.windowSeconds", { requests: 1, windowSeconds: 0 }],
  ["rateLimit.requests", { requests: 1e10, windowSeconds: 60 }],
];

const ILL_FORMED: readonly (readonly [field: string, changes: object])[] = [
  ["name", { name: undefined }],
  ["scopes", { scopes: undefined }],
  ["vaults", { vaults: undefined }],
  ["name", { name: 1 }],
  ["name", { name: null }],
  ["description", { description: 1 }],
  ["scopes", { scopes: "vault:read" }],
  ["scopes.0", { scopes: [1] }],
  ["scopes.0.resource", { scopes: [{ action: "read" }] }],
  ["scopes.0.effect", { scopes: [{ action: "read", resource: "vault", effect: "allow" }] }],
  ["vaults", { vaults: "vault_1" }],
  ["vaults.0", { vaults: [1] }],
  ["vaults", { vaults: null }],
  ["allowedIps", { allowedIps: "10.0.0.1" }],
  ["allowedIps.1", { allowedIps: ["10.0.0.1", 7] }],
  ["expiresIn", { expiresIn: 30 }],
  ["expiresAt", { expiresAt: 1_900_000_000 }],
  ["rateLimit.requests", { rateLimit: { requests: 1.5, windowSeconds: 60 } }],
  ["rateLimit.requests", { rateLimit: { requests: "1", windowSeconds: 60 } }],
  ["rateLimit.windowSeconds", { rateLimit: { requests: 1 } }],
  ["rateLimit.burst", { rateLimit: { requests: 1, windowSeconds: 60, burst: 2 } }],
  ["ownerId", { ownerId: null }],
  ["key", { key: "fkc_chosen" }],
  ["id", { id: "key_chosen" }],
  ["hash", { hash: "00" }],
  ["disabled", { disabled: true }],
  ["version", { version: 7 }],
  ["__proto__", readJson<object>('{"__proto__":{"admin":true}}')],
];

/** A creation with a body and a media type of any kind, past the helper that writes JSON. */
async function send(body: BodyInit, mediaType: string | null = "application/json"): Promise<Response> {
  const token = await control.issuer.token({ sub: "alice", org_id: organization.id, roles: ["admin"] });
  return fetch(`${control.edges[0]}/-/api-keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, ...(mediaType !== null && { "Content-Type": mediaType }) },
    body,
  });
}

const TOO_LARGE = 20_000_000;

/** Reads nothing before the last byte is sent, as many simple clients do. */
function sendThenRead(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(control.edges[0] ?? "");
    const socket = connect(Number(port), hostname);
    let answer = "";
    socket.on("error", reject).write(request, () => {
      socket.setEncoding("utf8").on("data", (text: string) => (answer += text));
      socket.on("end", () => resolve(answer));
    });
  });
}

describe("a request for a key", () => {
  test.each(IMPOSSIBLE.map(([field, value]) => [field, JSON.stringify(value).slice(0, 60), value]))(
    "with an impossible %s (%s) is refused, and the field is named",
    async (field, _, value) => {
      const changes = { [field.split(".")[0] ?? ""]: value };
      const answer = await organization.admin.call("POST", "/-/api-keys", { ...NEW_KEY, ...changes });
      expect(await refusalOf(answer)).toEqual([422, "invalid_value", field]);
    },
  );

  test("with two expiries is refused", async () => {
    const both = { ...NEW_KEY, expiresIn: "1d", expiresAt: "2096-01-01T00:00:00Z" };
    const answer = await organization.admin.call("POST", "/-/api-keys", both);
    expect(await refusalOf(answer)).toEqual([422, "invalid_value", "expiresIn"]);
  });

  test.each(ILL_FORMED.map(([field, changes]) => [field, JSON.stringify(changes), changes] as const))(
    "with %s missing, unknown or of the wrong type (%s) is refused, and the field is named",
    async (field, _, changes) => {
      const answer = await organization.admin.call("POST", "/-/api-keys", { ...NEW_KEY, ...changes });
      expect(await refusalOf(answer)).toEqual([400, "invalid_request", field]);
    },
  );

  test.each<[string, string]>([
    ["no body", ""],
    ["a body cut short", '{"name":"x"'],
    ["two documents", "{}{}"],
    ["a list", "[]"],
    ["a null", "null"],
    ["a string", '"name"'],
  ])("with %s is refused", async (_, body) => {
    expect(await refusalOf(await send(body))).toEqual([400, "invalid_request"]);
  });

  test("that is not UTF-8 is refused", async () => {
    const latin1 = Buffer.from(JSON.stringify({ ...NEW_KEY, name: "Büro" }), "latin1");
    expect(await refusalOf(await send(latin1))).toEqual([400, "invalid_request"]);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "application/merge-patch+json", ""])(
    "of media type %j is refused",
    async (mediaType) => {
      expect(await refusalOf(await send(JSON.stringify(NEW_KEY), mediaType))).toEqual([
        415,
        "unsupported_media_type",
      ]);
    },
  );

  test.each<[string, string, (body: string) => string]>([
    ["says how long it is", `Content-Length: ${TOO_LARGE}`, (body) => body],
    [
      "does not say how long it is",
      "Transfer-Encoding: chunked",
      (body) => `${TOO_LARGE.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    ],
  ])(
    "that is too large and %s is refused, and a client hears it that sends all first",
    async (_, framing, frame) => {
      const token = await control.issuer.token({ sub: "alice", org_id: organization.id });
      const head = [
        "POST /-/api-keys HTTP/1.1",
        "Host: control.example",
        `Authorization: Bearer ${token}`,
        "Content-Type: application/json",
        "Connection: close",
        framing,
      ];
      const answer = await sendThenRead(`${head.join("\r\n")}\r\n\r\n${frame("x".repeat(TOO_LARGE))}`);
      expect(answer).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"payload_too_large"/);
    },
  );

  test("that was refused has created nothing", async () => {
    const { admin } = await control.newOrganization();
    for (const [field, value] of IMPOSSIBLE) {
      const changes = { [field.split(".")[0] ?? ""]: value };
      await admin.call("POST", "/-/api-keys", { ...NEW_KEY, ...changes });
    }
    for (const [, changes] of ILL_FORMED) await admin.call("POST", "/-/api-keys", { ...NEW_KEY, ...changes });
    const list = await admin.call("GET", "/-/api-keys?status=all&owner=*");
    expect(await list.json()).toMatchObject({ data: [] });
  });
});
