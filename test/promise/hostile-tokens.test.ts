import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHmac, createPublicKey, type KeyObject } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import { stealSigningKey } from "../support/organization-key.ts";
import { freshAddress, startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";
import { exchange } from "../support/tokens.ts";
import { readJson } from "../support/json.ts";

/**
 * Tokens that somebody might try. Most are signed with the organisation's real key, taken from its storage: what
 * refuses them is not the signature.
 */

interface Materials {
  /** A token that is good. */
  readonly good: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly kid: string;
  /** The organisation's own private key. */
  readonly own: CryptoKey;
  readonly stranger: CryptoKey;
  readonly strangerJwk: object;
  /** Another organisation's private key, and what names it. */
  readonly other: { readonly kid: string; readonly key: CryptoKey };
  /** The organisation's public key as its JWKS has it. */
  readonly publicJwk: object;
}

const stateDir = mkdtempSync(join(tmpdir(), "portcullis-tokens-"));
let portcullis: Portcullis;
let materials: Materials;
let key: CreatedKey;
/** What the headers of some tokens point to. */
let bait: Server;
let baited = 0;

beforeAll(async () => {
  portcullis = await startPortcullis({ stateDir });
  key = await portcullis.createKey();
  bait = createServer((_, response) => {
    baited++;
    response.end("{}");
  }).listen(0, "127.0.0.1");
  const other = await portcullis.issuer.token(adminClaims({ org_id: "org_other" }));
  await portcullis.call("POST", "/-/organization/bootstrap", { as: other });
  const { access_token: good } = await exchange(portcullis, key);
  const { kid, key: own } = await stealSigningKey(stateDir, "org_test");
  const pair = await generateKeyPair("ES256");
  const jwks = await portcullis.call("GET", "/-/organizations/org_test/jwks.json");
  const { keys } = await jwks.json<{ keys: object[] }>();
  materials = {
    good,
    claims: decodeJwt(good),
    kid,
    own,
    stranger: pair.privateKey,
    strangerJwk: await exportJWK(pair.publicKey),
    other: await stealSigningKey(stateDir, "org_other"),
    publicJwk: keys[0] as object,
  };
});
afterAll(async () => {
  await portcullis.stop();
  bait.close();
  rmSync(stateDir, { recursive: true });
});

type Forge = (m: Materials) => string | Promise<string>;

/** A token with other claims or another header, signed with the organisation's own key unless said otherwise. */
function forged(
  changes: { readonly claims?: object; readonly header?: object } = {},
  signer: (m: Materials) => CryptoKey = ({ own }) => own,
): Forge {
  return async (m) => {
    const header = { alg: "ES256", typ: "at+jwt", kid: m.kid, ...changes.header };
    // A signature of the other spelling would be refused for that.
    for (;;) {
      const token = await new SignJWT({ ...m.claims, ...changes.claims })
        .setProtectedHeader(header as { alg: string })
        .sign(signer(m), { crit: { made: true } });
      if (isLow(token)) return token;
    }
  };
}

function unsigned(header: object): Forge {
  return ({ claims }) => `${encode(header)}.${encode(claims)}.`;
}

/** The same claims and signature under a header that says something else. */
function withHeader(token: string, changes: object): string {
  const header = { ...decodeProtectedHeader(token), ...changes };
  return [encode(header), ...token.split(".").slice(1)].join(".");
}

function hmacWith(secretOf: (jwk: KeyObject) => string | Buffer, alg = "HS256"): Forge {
  return ({ claims, kid, publicJwk }) => {
    const text = `${encode({ alg, typ: "at+jwt", kid })}.${encode(claims)}`;
    const secret = secretOf(createPublicKey({ key: publicJwk as never, format: "jwk" }));
    return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

function signatureOf(token: string): Buffer {
  return Buffer.from(token.split(".")[2] ?? "", "base64url");
}

function isLow(token: string): boolean {
  return BigInt(`0x${signatureOf(token).toString("hex", 32)}`) <= ORDER / 2n;
}

function withSignature(token: string, signature: string): string {
  return [...token.split(".").slice(0, 2), signature].join(".");
}

function baitUrl(): string {
  return `http://127.0.0.1:${(bait.address() as AddressInfo).port}/jwks.json`;
}

/** Requests that the gateway has sent anywhere. */
function outbound(): number[] {
  const { origin, issuer } = portcullis;
  return [origin.requests.length, issuer.keyFetches, issuer.discoveries, baited];
}

const now = Math.floor(Date.now() / 1000);
const without = (name: string) => forged({ claims: { [name]: undefined } });
const ORIGIN = "http://gateway.test";

const ATTACKS: Readonly<Record<string, Forge>> = {
  "alg none": unsigned({ alg: "none", typ: "at+jwt" }),
  "alg none with a kid": (m) => unsigned({ alg: "none", typ: "at+jwt", kid: m.kid })(m),
  "alg NONE": unsigned({ alg: "NONE", typ: "at+jwt" }),
  "an empty signature": ({ good }) => withSignature(good, ""),
  "alg nOnE and a signature": ({ good }) => withHeader(good, { alg: "nOnE" }),
  "alg in small letters": ({ good }) => withHeader(good, { alg: "es256" }),
  "alg in a list": ({ good }) => withHeader(good, { alg: ["ES256"] }),
  "no alg": ({ good }) => withHeader(good, { alg: undefined }),
  "an HMAC with the public key in PEM": hmacWith((jwk) => jwk.export({ type: "spki", format: "pem" })),
  "an HMAC with the public key in DER": hmacWith((jwk) => jwk.export({ type: "spki", format: "der" })),
  "an HMAC with the public key as a JWK": hmacWith((jwk) => JSON.stringify(jwk.export({ format: "jwk" }))),
  "an HMAC with nothing": hmacWith(() => ""),
  "an HMAC that says ES256": hmacWith((jwk) => jwk.export({ type: "spki", format: "pem" }), "ES256"),
  "alg ES384 by the same key": (m) => {
    const [, payload = "", signature = ""] = m.good.split(".");
    return `${encode({ alg: "ES384", typ: "at+jwt", kid: m.kid })}.${payload}.${signature}`;
  },
  "an unknown kid of the organisation": forged({
    header: { kid: "org_test.00000000-0000-4000-8000-000000000000" },
  }),
  "a kid of no organisation": forged({ header: { kid: "no such thing" } }),
  "a kid that is a path": forged({ header: { kid: "../../etc/passwd" } }),
  "a kid that is an injection": forged({ header: { kid: "org_test' OR '1'='1" } }),
  "a kid that is no string": forged({ header: { kid: 1 } }),
  "no kid": forged({ header: { kid: undefined } }),
  "a kid in other letters' case": (m) => forged({ header: { kid: m.kid.toUpperCase() } })(m),
  "a kid with a space": (m) => forged({ header: { kid: ` ${m.kid}` } })(m),
  "a kid without end": (m) => forged({ header: { kid: m.kid + "a".repeat(5000) } })(m),
  jku: (m) => forged({ header: { jku: baitUrl() } }, ({ stranger }) => stranger)(m),
  "jku by the organisation's own key": (m) => forged({ header: { jku: baitUrl() } })(m),
  x5u: (m) => forged({ header: { x5u: baitUrl() } }, ({ stranger }) => stranger)(m),
  "an embedded jwk": (m) => forged({ header: { jwk: m.strangerJwk } }, ({ stranger }) => stranger)(m),
  "an embedded jwk and no kid": (m) =>
    forged({ header: { jwk: m.strangerJwk, kid: undefined } }, ({ stranger }) => stranger)(m),
  x5c: forged({ header: { x5c: ["MIIB"] } }),
  "crit with something unknown": forged({ header: { crit: ["made"], made: true } }),
  "b64 false": (m) => `${encode({ alg: "ES256", typ: "at+jwt", kid: m.kid, b64: false })}.x.x`,
  "typ JWT": forged({ header: { typ: "JWT" } }),
  "typ of an assertion": forged({ header: { typ: "portcullis-assertion+jwt" } }),
  "no typ": forged({ header: { typ: undefined } }),
  "a key that nobody knows": forged({}, ({ stranger }) => stranger),
  "another organisation's key under this one's kid": forged({}, ({ other }) => other.key),
  "another organisation's key and kid": (m) =>
    forged({ header: { kid: m.other.kid } }, ({ other }) => other.key)(m),
  "another organisation's key and kid, and its org_id": (m) =>
    forged({ header: { kid: m.other.kid }, claims: { org_id: "org_other" } }, ({ other }) => other.key)(m),
  "typ of an ID token": forged({ header: { typ: "id+jwt" } }),
  "typ in a list": forged({ header: { typ: ["at+jwt"] } }),
  "an iss that ends in a slash": (m) => forged({ claims: { iss: `${String(m.claims["iss"])}/` } })(m),
  "an iss in other letters' case": (m) =>
    forged({ claims: { iss: String(m.claims["iss"]).toUpperCase() } })(m),
  "an organisation in other letters' case": forged({ claims: { org_id: "ORG_TEST" } }),
  "two organisations": forged({ claims: { org_id: ["org_test", "org_other"] } }),
  "a client in other letters' case": (m) => {
    const id = String(m.claims["sub"]).toUpperCase();
    return forged({ claims: { sub: id, client_id: id } })(m);
  },
  "a time before which it is not valid": forged({ claims: { nbf: 4_000_000_000 } }),
  "exp at a time that never is": forged({ claims: { exp: 1e300 } }),
  "negative exp": forged({ claims: { exp: -1, iat: -2 } }),
  "another aud": forged({ claims: { aud: "https://other.test" } }),
  "a list of aud": (m) => forged({ claims: { aud: [m.claims["aud"], "https://other.test"] } })(m),
  "another iss": forged({ claims: { iss: "https://other.test" } }),
  "iss and aud of another gateway": forged({ claims: { iss: ORIGIN, aud: ORIGIN } }),
  "no iss": without("iss"),
  "no aud": without("aud"),
  "no sub": without("sub"),
  "no exp": without("exp"),
  "no iat": without("iat"),
  "no jti": without("jti"),
  "no client_id": without("client_id"),
  "no scope": without("scope"),
  "no vaults": without("vaults"),
  "a claim that no token has": forged({ claims: { admin: true } }),
  "sub of another than the client": forged({ claims: { sub: "alice" } }),
  "a key that does not exist": forged({ claims: { sub: "key_AAAAAAAAAAAA", client_id: "key_AAAAAAAAAAAA" } }),
  "exp as text": forged({ claims: { exp: `${now + 3600}` } }),
  "exp that is no number": forged({ claims: { exp: null } }),
  "exp before iat": forged({ claims: { iat: now - 10, exp: now - 20 } }),
  "exp in a thousand years": forged({ claims: { exp: now + 31_536_000_000 } }),
  "exp a second more than a token may live": forged({ claims: { iat: now - 10, exp: now - 10 + 86_401 } }),
  "iat in an hour": forged({ claims: { iat: now + 3600, exp: now + 7200 } }),
  "iat of a fraction": forged({ claims: { iat: now + 0.5 } }),
  "negative iat": forged({ claims: { iat: -1 } }),
  "scopes that are none": forged({ claims: { scope: "everything" } }),
  "a vault that is no text": forged({ claims: { vaults: [1] } }),
  "the other signature of the same content": ({ good }) => {
    const signature = signatureOf(good);
    const s = ORDER - BigInt(`0x${signature.toString("hex", 32)}`);
    const high = Buffer.from(s.toString(16).padStart(64, "0"), "hex");
    return withSignature(good, Buffer.concat([signature.subarray(0, 32), high]).toString("base64url"));
  },
  "a signature with other bits in its last letter": ({ good }) => {
    const last = good.at(-1) ?? "";
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return `${good.slice(0, -1)}${alphabet[alphabet.indexOf(last) + 1]}`;
  },
  "a signature in DER": ({ good }) => {
    const signature = signatureOf(good);
    const part = (bytes: Buffer) => Buffer.concat([Buffer.from([2, 33, 0]), bytes]);
    const body = Buffer.concat([part(signature.subarray(0, 32)), part(signature.subarray(32))]);
    const der = Buffer.concat([Buffer.from([0x30, body.length]), body]);
    return withSignature(good, der.toString("base64url"));
  },
  "a signature of zeros": ({ good }) => withSignature(good, Buffer.alloc(64).toString("base64url")),
  "a payload that was changed": (m) => {
    const [header = "", , signature = ""] = m.good.split(".");
    return `${header}.${encode({ ...m.claims, vaults: "*", exp: now + 80_000 })}.${signature}`;
  },
  "an identity token": () => portcullis.issuer.token(adminClaims()),
  "an assertion for the origin": async () => {
    const [request] = portcullis.origin.requests;
    return request?.values("X-Portcullis-Assertion")[0] ?? "";
  },
  "twenty thousand letters": ({ good }) => `${good}${"A".repeat(20_000)}`,
  "three dots": () => "a.b.c",
};

describe("a token with", () => {
  beforeAll(async () => {
    const answer = await portcullis.call("GET", "/v1/vaults/vault_1", { as: materials.good });
    expect(answer.status).toBe(200);
  });

  test.each(Object.entries(ATTACKS))(
    "%s is refused like any other, and nobody is asked",
    async (_, forge) => {
      const token = await forge(materials);
      const before = outbound();
      const answer = await portcullis.call("GET", "/v1/vaults/vault_1", { as: token, from: freshAddress() });
      const { error } = await answer.json<{ error: Record<string, unknown> }>();
      expect([answer.status, error["type"], error["code"], error["message"], error["details"]]).toEqual([
        401,
        "unauthorized",
        "access_token_invalid",
        "The access token is not valid.",
        undefined,
      ]);
      expect(answer.headers.get("WWW-Authenticate")).toContain(`error="invalid_token"`);
      expect(outbound()).toEqual(before);
    },
  );

  test("nothing changed but signed anew is let through: the attacks fail for what they say", async () => {
    const token = await forged()(materials);
    expect(decodeProtectedHeader(token)).toEqual(decodeProtectedHeader(materials.good));
    expect((await portcullis.call("GET", "/v1/vaults/vault_1", { as: token })).status).toBe(200);
  });

  test("an exp that has passed is told as expired", async () => {
    const token = await forged({ claims: { iat: now - 120, exp: now - 60 } })(materials);
    const answer = await portcullis.call("GET", "/v1/vaults/vault_1", { as: token, from: freshAddress() });
    const { error } = await answer.json<{ error: { code: string } }>();
    expect([answer.status, error.code]).toEqual([401, "access_token_expired"]);
  });
});

test("the log of every refused token says why", async () => {
  const { access_token: revoked } = await exchange(portcullis, key);
  const form = { method: "POST", body: new URLSearchParams({ token: revoked }) };
  expect((await fetch(`${portcullis.edges[0]}/-/oauth/revoke`, form)).status).toBe(200);
  expect((await portcullis.call("GET", "/v1/vaults/vault_1", { as: revoked })).status).toBe(401);
  const lines = portcullis.logs.flatMap((line): { code?: string; reason?: string }[] =>
    line.includes("access_token_invalid") ? [readJson<object>(line)] : [],
  );
  const reasons = new Set(lines.map(({ reason }) => reason));
  expect(lines.length).toBeGreaterThanOrEqual(Object.keys(ATTACKS).length);
  expect(reasons).toEqual(
    new Set([
      "not of our form, header or claims",
      "issued at another address",
      "signed by a key that its organisation does not have",
      "wrong signature",
      "its key does not exist",
      "its key is another organisation's",
      "the token was revoked",
    ]),
  );
});

test("an access token is no identity token", async () => {
  const answer = await portcullis.call("GET", "/-/api-keys", { as: materials.good, from: freshAddress() });
  const { error } = await answer.json<{ error: { code: string } }>();
  expect([answer.status, error.code]).toEqual([401, "identity_token_invalid"]);
});

test("an address that keeps sending bad tokens is turned away, and good tokens known here go on from it", async () => {
  const from = freshAddress();
  const call = (as: string) => portcullis.call("GET", "/v1/vaults/vault_1", { as, from });
  const bad = await forged({}, ({ stranger }) => stranger)(materials);
  expect((await call(materials.good)).status).toBe(200);
  let status = 0;
  // A minute may end meanwhile: two have room for twice 60.
  for (let i = 0; i < 130 && status !== 429; i++) status = (await call(bad)).status;
  expect(status).toBe(429);
  expect((await call(materials.good)).status).toBe(200);
});
