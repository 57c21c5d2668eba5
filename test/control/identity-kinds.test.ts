import {
  constants,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign as signBytes,
  type JsonWebKey,
  type KeyObject,
} from "node:crypto";
import { createServer, type Server } from "node:http";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { IdentityVerifier } from "../../src/control/identity/identity-verifier.ts";
import { readConfig } from "../../src/settings.ts";
import { close, listen } from "../support/issuer.ts";
import { readJson } from "../support/json.ts";

/** Which tokens are access tokens, which issuers are the provider's, and which of its keys work. */

const CLIENT = "portcullis-console";
const API = "portcullis";

let server: Server;
let url: string;
let good: { kid: string; privateKey: CryptoKey; jwk: JWK };
/** What the provider serves beside its good key. */
let others: unknown[] = [];
let discoveredIssuer: string | null = null;

beforeAll(async () => {
  good = await signer("good");
  server = createServer((request, response) => {
    const issuer = `${url}${(request.url ?? "").replace("/.well-known/openid-configuration", "")}`;
    const body = request.url?.endsWith("/keys")
      ? { keys: [...others, good.jwk] }
      : { issuer: discoveredIssuer ?? issuer, jwks_uri: `${url}/keys` };
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  });
  url = await listen(server);
});
afterAll(() => close(server));

async function signer(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" } };
}

type Claims = Readonly<Record<string, unknown>>;

function token(claims: Claims = {}, header: Claims = {}, key = good.privateKey): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    iss: url,
    aud: API,
    sub: "alice",
    org_id: "org_test",
    iat: now,
    exp: now + 600,
    ...claims,
  };
  const present = readJson<Record<string, unknown>>(JSON.stringify(payload));
  return new SignJWT(present)
    .setProtectedHeader({ alg: "RS256", typ: "JWT", kid: good.kid, ...header })
    .sign(key);
}

/** A token whose header is no library's. */
async function byHand(header: Claims): Promise<string> {
  const [, payload = "", signature = ""] = (await token()).split(".");
  const encoded = Buffer.from(JSON.stringify({ alg: "RS256", kid: good.kid, ...header })).toString(
    "base64url",
  );
  return `${encoded}.${payload}.${signature}`;
}

/** A token of the provider's claims, signed by other means. */
async function resigned(header: Claims, signature: (text: string) => Buffer): Promise<string> {
  const [, payload = ""] = (await token()).split(".");
  const encoded = Buffer.from(JSON.stringify({ kid: good.kid, ...header })).toString("base64url");
  return `${encoded}.${payload}.${signature(`${encoded}.${payload}`).toString("base64url")}`;
}

function published(jwk: JWK): KeyObject {
  return createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
}

function verifierFor(variables: Readonly<Record<string, string>> = {}): IdentityVerifier {
  const { identity } = readConfig({ ORIGIN_URL: "http://origin.test", OIDC_ISSUER: url, ...variables });
  return new IdentityVerifier({ ...identity, hasVaults: true });
}

/** `accepted`, or the reason for the log. */
async function outcomeOf(given: string, verifier = verifierFor()): Promise<string> {
  const identity = await verifier.verify(`Bearer ${given}`, Date.now());
  if (!("code" in identity)) return "accepted";
  return identity.code === "identity_token_invalid" ? (identity.reason ?? "") : identity.code;
}

const ONE_CLIENT = { OIDC_AUDIENCE: CLIENT };
const NONCE = { nonce: "n-0S6_WzA2Mj" };

describe("an access token is one, though", () => {
  test.each<[string, Claims, Claims, Readonly<Record<string, string>>]>([
    [
      "it has a nonce, as of Keycloak up to 23",
      { ...NONCE, typ: "Bearer", azp: CLIENT, acr: "1", scope: "openid" },
      {},
      {},
    ],
    [
      "it has a nonce and the client for its audience, as of authentik",
      { ...NONCE, aud: CLIENT, azp: CLIENT, uid: "c0ffee", acr: "goauthentik.io/providers/oauth2/default" },
      {},
      ONE_CLIENT,
    ],
    ["it has a nonce, by the type in its header", NONCE, { typ: "at+jwt" }, {}],
    ["its type is the full media type, in any letters' case", {}, { typ: "Application/JWT" }, {}],
    [
      "it is for the client, as of an Entra app that is its own API",
      { aud: CLIENT, azp: CLIENT, azpacr: "0", scp: "access", ver: "2.0" },
      {},
      ONE_CLIENT,
    ],
    [
      "it is for the client, as of Cognito",
      { aud: CLIENT, token_use: "access", client_id: CLIENT, scope: "openid" },
      {},
      ONE_CLIENT,
    ],
    ["it says nothing of itself", {}, { typ: undefined }, {}],
    ["it may be used from no time that is one", { nbf: "soon" }, {}, {}],
    ["it may be used from no time at all", { nbf: null }, {}, {}],
    ["claims of other tokens are in it, of no value", { nonce: null, events: null, at_hash: null }, {}, {}],
    [
      "it is for two, one of them the provider's own",
      { aud: [API, "https://id.example/userinfo"], azp: CLIENT, scope: "openid" },
      {},
      {},
    ],
  ])("%s", async (_, claims, header, variables) => {
    expect(await outcomeOf(await token(claims, header), verifierFor(variables))).toBe("accepted");
  });

  test.each<[string, Claims, Claims]>([
    ["with the nonce of the sign-in", { ...NONCE, aud: CLIENT }, {}],
    [
      "with the nonce, as of Entra",
      { ...NONCE, aud: CLIENT, oid: "o", tid: "t", rh: "0", uti: "u", ver: "2.0" },
      {},
    ],
    ["without a nonce, for the client", { aud: CLIENT, name: "Alice" }, {}],
    ["without a type, for the client", { aud: CLIENT }, { typ: undefined }],
    ["for the client among others", { aud: [API, CLIENT], azp: CLIENT }, {}],
    ["for another client, with a nonce", { ...NONCE }, {}],
    ["of Keycloak", { ...NONCE, aud: CLIENT, typ: "ID", azp: CLIENT, at_hash: "77QmUPtjPfzWtF2AnpK9RQ" }, {}],
    ["of Keycloak without a hash", { aud: CLIENT, typ: "ID", scope: "openid" }, {}],
    ["of Cognito", { aud: CLIENT, token_use: "id", "cognito:groups": ["admin"] }, {}],
    ["of authentik", { ...NONCE, aud: CLIENT, at_hash: "77QmUPtjPfzWtF2AnpK9RQ", uid: "c0ffee" }, {}],
    [
      "with a hash of a code, whatever its header says",
      { c_hash: "LDktKdoQak3Pk0cnXxCltA", scope: "openid" },
      { typ: "at+jwt" },
    ],
    ["with a hash of the state", { s_hash: "LDktKdoQak3Pk0cnXxCltA" }, {}],
  ])("and an ID token %s is none", async (_, claims, header) => {
    const given = await token(claims, header);
    for (const audience of [API, CLIENT]) {
      const outcome = await outcomeOf(given, verifierFor({ OIDC_AUDIENCE: audience }));
      expect(outcome).toMatch(/^(not an access token|other audience): /);
    }
  });

  test("and one that tells of a sign-out is none", async () => {
    const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
    expect(await outcomeOf(await token({ events, sid: "1", scope: "openid" }))).toMatch(
      /^not an access token/,
    );
  });

  test.each(["Logout", "Refresh", "Offline"])("and a %s token is none", async (typ) => {
    expect(await outcomeOf(await token({ typ, scope: "openid" }))).toMatch(/^not an access token/);
  });
});

describe("the log says of a token that", () => {
  test.each<[string, string | (() => Promise<string>), RegExp]>([
    ["is opaque", "2YotnFZFEjr1zCsicMWpAA", /^opaque token: not a JWT$/],
    ["is encrypted", "eyJhbGciOiJkaXIifQ..a.b.c", /^opaque token: encrypted/],
    [
      "is of another issuer",
      () => token({ iss: "https://sts.windows.net/t/" }),
      /^other issuer: https:\/\/sts\.windows\.net\/t\/$/,
    ],
    ["is of no issuer", () => token({ iss: undefined }), /^other issuer: none$/],
    ["is for another audience", () => token({ aud: ["a", "b"] }), /^other audience: \["a","b"\]$/],
    ["is for nobody", () => token({ aud: undefined }), /^claim missing: aud$/],
    ["has expired", () => token({ exp: 1_700_000_000 }), /^expired$/],
    ["is not valid yet", () => token({ nbf: 4_000_000_000 }), /^not valid yet$/],
    ["is not valid yet, as a text", () => token({ nbf: "4000000000" }), /^not valid yet$/],
    ["was issued in the future", () => token({ iat: 4_000_000_000 }), /^issued in the future$/],
    ["expires by a text", () => token({ exp: "4000000000" }), /^claim of another type: exp$/],
    ["was issued by a list", () => token({ iat: [1] }), /^claim of another type: iat$/],
    ["never expires", () => token({ exp: 1e308 }), /^impossible time: exp$/],
    ["has no expiry", () => token({ exp: undefined }), /^claim missing: exp$/],
    ["has no organisation", () => token({ org_id: undefined }), /^claim missing: org_id/],
    ["is of another type", () => token({}, { typ: "dpop+jwt" }), /^not an access token: of type dpop\+jwt$/],
    ["is of no type", () => token({}, { typ: "" }), /^not an access token: of type $/],
    ["must be understood to be read", () => byHand({ crit: ["exp"], exp: 1 }), /^malformed token: crit: /],
    [
      "is not encoded, which must be understood",
      () => byHand({ crit: ["b64"], b64: false }),
      /^malformed token: crit: /,
    ],
    [
      "has a subject with a line's end",
      () => token({ sub: "ann\nadmin" }),
      /^claim of another type: sub is no id/,
    ],
    [
      "has half a letter for a subject",
      () => token({ sub: "\ud800" }),
      /^claim of another type: sub is no id/,
    ],
    [
      "has a subject with a letter that cannot be seen",
      () => token({ sub: "ann\u200b" }),
      /^claim of another type: sub is no id/,
    ],
    ["has spaces for a subject", () => token({ sub: "  " }), /^claim of another type: sub is no id/],
    [
      "has a subject that is too long",
      () => token({ sub: "a".repeat(256) }),
      /^claim of another type: sub is too long$/,
    ],
    ["has an unknown key", () => token({}, { kid: "other" }), /^unknown key$/],
    [
      "was signed by somebody else",
      async () => token({}, {}, (await signer("x")).privateKey),
      /^wrong signature$/,
    ],
    [
      "holds a key of ours as its issuer",
      () => token({ iss: `fkc_${"a".repeat(50)}` }),
      /^other issuer: (?!.*a{13})/,
    ],
  ])("%s", async (_, given, reason) => {
    expect(await outcomeOf(typeof given === "string" ? given : await given())).toMatch(reason);
  });
});

describe("of the provider's keys", () => {
  const BROKEN: Readonly<Record<string, unknown>> = {
    "one of 1024 bits": { kty: "RSA", kid: "bad", alg: "RS256", e: "AQAB", n: "w".repeat(171) },
    "one without its numbers": { kty: "RSA", kid: "bad", alg: "RS256" },
    "one of numbers that are none": { kty: "EC", kid: "bad", crv: "P-256", x: "AA", y: "AA" },
    "one of a kind that nobody knows": { kty: "ML-DSA", kid: "bad", pub: "AAAA" },
    "one that is null": null,
    "one that is a text": "key",
    "one without a kind": { kid: "bad" },
  };
  test.each(Object.entries(BROKEN))("%s stops no other", async (_, key) => {
    others = [key];
    const verifier = verifierFor();
    for (const alg of ["RS256", "ES256"]) {
      const [, payload = "", signature = ""] = (await token()).split(".");
      const header = Buffer.from(JSON.stringify({ alg, typ: "JWT", kid: "bad" })).toString("base64url");
      expect(await outcomeOf(`${header}.${payload}.${signature}`, verifier)).toMatch(
        /^(unusable key|unknown key|wrong signature)/,
      );
    }
    expect(await outcomeOf(await token(), verifier)).toBe("accepted");
    expect(await outcomeOf(await token({}, { kid: undefined }), verifier)).toBe("accepted");
    others = [];
  });

  test("any may have signed a token that does not name one", async () => {
    const [first, second] = [await signer("one"), await signer("two")];
    others = [first.jwk, second.jwk];
    const verifier = verifierFor();
    const by = (key: CryptoKey): Promise<string> => token({}, { kid: undefined }, key);
    for (const key of [first.privateKey, second.privateKey, good.privateKey]) {
      expect(await outcomeOf(await by(key), verifier)).toBe("accepted");
    }
    expect(await outcomeOf(await by((await signer("x")).privateKey), verifier)).toBe("wrong signature");
    expect(await outcomeOf(await token({ exp: 1_700_000_000 }, { kid: undefined }), verifier)).toBe(
      "expired",
    );
    others = [];
  });
});

describe("a signature counts for the algorithm and the key that made it alone:", () => {
  const HMAC_KEYS: Readonly<Record<string, (jwk: JWK) => string | Buffer>> = {
    "its PEM": (jwk) => published(jwk).export({ type: "spki", format: "pem" }),
    "its PEM of PKCS #1": (jwk) => published(jwk).export({ type: "pkcs1", format: "pem" }),
    "its DER": (jwk) => published(jwk).export({ type: "spki", format: "der" }),
    "its JWK": (jwk) => JSON.stringify(jwk),
    "its modulus": (jwk) => Buffer.from(jwk.n ?? "", "base64url"),
    "an empty key": () => "",
  };
  test.each(Object.entries(HMAC_KEYS))("an HMAC with %s is none", async (_, keyOf) => {
    for (const alg of ["HS256", "hs256", "RS256", "none", "NONE"]) {
      const given = await resigned({ alg }, (text) =>
        createHmac("sha256", keyOf(good.jwk)).update(text).digest(),
      );
      expect(await outcomeOf(given)).toMatch(/^(algorithm not allowed|wrong signature)/);
    }
  });

  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const ed = generateKeyPairSync("ed25519");
  const sign = (hash: string | null, text: string, key: Parameters<typeof signBytes>[2]): Buffer =>
    signBytes(hash, Buffer.from(text), key);
  const jwkOf = (key: KeyObject, more: object): object => ({ ...key.export({ format: "jwk" }), ...more });
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const ieee = { dsaEncoding: "ieee-p1363" as const };

  test.each<[string, object, string, (text: string) => Buffer, RegExp]>([
    [
      "RS256 for PS256",
      jwkOf(rsa.publicKey, {}),
      "PS256",
      (t) => sign("sha256", t, rsa.privateKey),
      /^wrong/,
    ],
    [
      "PS256 for RS256",
      jwkOf(rsa.publicKey, {}),
      "RS256",
      (t) => sign("sha256", t, { key: rsa.privateKey, ...pss }),
      /^wrong/,
    ],
    [
      "RS256 by a key for PS256",
      jwkOf(rsa.publicKey, { alg: "PS256" }),
      "RS256",
      (t) => sign("sha256", t, rsa.privateKey),
      /^unknown/,
    ],
    [
      "RS256 by a key to encrypt with",
      jwkOf(rsa.publicKey, { use: "enc" }),
      "RS256",
      (t) => sign("sha256", t, rsa.privateKey),
      /^unknown/,
    ],
    [
      "RS256 by a key for other operations",
      jwkOf(rsa.publicKey, { key_ops: ["encrypt"] }),
      "RS256",
      (t) => sign("sha256", t, rsa.privateKey),
      /^unknown/,
    ],
    [
      "RS256 by a key that is published with its secret",
      jwkOf(rsa.privateKey, {}),
      "RS256",
      (t) => sign("sha256", t, rsa.privateKey),
      /^unusable key: .*public/,
    ],
    [
      "HS256 by a shared key in the set",
      { kty: "oct", k: "c2VjcmV0" },
      "HS256",
      (t) => createHmac("sha256", "secret").update(t).digest(),
      /^algorithm/,
    ],
    [
      "ES256 by a key for ES384",
      jwkOf(p384.publicKey, {}),
      "ES256",
      (t) => sign("sha256", t, { key: p384.privateKey, ...ieee }),
      /^unknown/,
    ],
    [
      "ES384",
      jwkOf(p384.publicKey, {}),
      "ES384",
      (t) => sign("sha384", t, { key: p384.privateKey, ...ieee }),
      /^accepted/,
    ],
    ["ES384 in DER", jwkOf(p384.publicKey, {}), "ES384", (t) => sign("sha384", t, p384.privateKey), /^wrong/],
    ["EdDSA", jwkOf(ed.publicKey, {}), "EdDSA", (t) => sign(null, t, ed.privateKey), /^accepted/],
    ["EdDSA for ES256", jwkOf(ed.publicKey, {}), "ES256", (t) => sign(null, t, ed.privateKey), /^unknown/],
    [
      "by a key whose id differs by letter case",
      jwkOf(ed.publicKey, { kid: "ODD" }),
      "EdDSA",
      (t) => sign(null, t, ed.privateKey),
      /^unknown/,
    ],
    [
      "by a key whose id is a number",
      jwkOf(ed.publicKey, { kid: 7 }),
      "EdDSA",
      (t) => sign(null, t, ed.privateKey),
      /^unknown/,
    ],
    [
      "by a key of a certificate alone",
      { kty: "RSA", x5c: ["MIIB"] },
      "RS256",
      (t) => sign("sha256", t, rsa.privateKey),
      /^unusable key/,
    ],
  ])("%s", async (_, key, alg, signature, outcome) => {
    others = [{ kid: "odd", ...key }];
    expect(await outcomeOf(await resigned({ alg, kid: "odd" }, signature))).toMatch(outcome);
    others = [];
  });

  test("of two keys of one id either counts", async () => {
    const [one, two] = [await signer("twin"), await signer("twin")];
    others = [one.jwk, two.jwk];
    for (const { privateKey } of [one, two]) {
      expect(await outcomeOf(await token({}, { kid: "twin" }, privateKey))).toBe("accepted");
    }
    expect(await outcomeOf(await token({}, { kid: "twin" }))).toBe("wrong signature");
    others = [];
  });

  test("a set of 500 keys or of 2 MiB is a set of keys, and one byte more is not asked to fit", async () => {
    others = Array.from({ length: 500 }, (__, i) => ({ ...good.jwk, kid: `${i}` }));
    expect(await outcomeOf(await token())).toBe("accepted");
    const large = (padding: string) => [{ ...good.jwk, kid: "large", padding }];
    const room = 2 * 1024 * 1024 - JSON.stringify({ keys: [...large(""), good.jwk] }).length;
    others = large("x".repeat(room));
    expect(await outcomeOf(await token())).toBe("accepted");
    others = large("x".repeat(room + 1));
    const identity = await verifierFor().verify(`Bearer ${await token()}`, Date.now());
    expect(identity).toMatchObject({
      code: "identity_provider_unavailable",
      reason: expect.stringContaining("/keys answers more than 2097152 bytes"),
    });
    others = [];
  });
});

describe("an issuer", () => {
  const TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";
  const template = (): string => `${url}/{tenantid}/v2.0`;
  const ofTenant = (tid: unknown, iss: string) => token({ tid, iss });
  const many = (): IdentityVerifier =>
    verifierFor({ OIDC_ISSUER: `${url}/organizations/v2.0`, OIDC_ORG_CLAIM: "tid" });

  test.each(["/tenant", "/tenant/", "/", ""])("that ends in %j is that one and no other", async (path) => {
    discoveredIssuer = url + path;
    const verifier = verifierFor({ OIDC_ISSUER: url + path });
    expect(await outcomeOf(await token({ iss: url + path }), verifier)).toBe("accepted");
    const other = path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
    expect(await outcomeOf(await token({ iss: url + other }), verifier)).toMatch(/^other issuer/);
    discoveredIssuer = null;
  });

  test("of every tenant signs for each of them, and the tenant is the organisation", async () => {
    discoveredIssuer = template();
    const given = await ofTenant(TENANT, `${url}/${TENANT}/v2.0`);
    const identity = await many().verify(`Bearer ${given}`, Date.now());
    expect(identity).toMatchObject({ orgId: TENANT });
    discoveredIssuer = null;
  });

  test.each<[string, unknown, string]>([
    ["of another tenant than the token's", TENANT, "/11111111-2222-3333-4444-555555555555/v2.0"],
    ["without a tenant", undefined, `/${TENANT}/v2.0`],
    ["with the template for a tenant", "{tenantid}", "/{tenantid}/v2.0"],
    ["with a path for a tenant", "a/b", "/a/b/v2.0"],
    ["of another version", TENANT, `/${TENANT}/`],
  ])("of every tenant does not sign %s", async (_, tid, path) => {
    discoveredIssuer = template();
    expect(await outcomeOf(await ofTenant(tid, url + path), many())).toMatch(/^other issuer/);
    discoveredIssuer = null;
  });

  test("of one tenant is not another's, whatever the token's tid says", async () => {
    const other = "11111111-2222-3333-4444-555555555555";
    const verifier = verifierFor({ OIDC_ISSUER: `${url}/${TENANT}/v2.0` });
    expect(await outcomeOf(await ofTenant(TENANT, `${url}/${TENANT}/v2.0`), verifier)).toBe("accepted");
    expect(await outcomeOf(await ofTenant(other, `${url}/${other}/v2.0`), verifier)).toMatch(/^other issuer/);
  });

  test("whose document names another spelling is not believed, and the log says which it is", async () => {
    discoveredIssuer = `${url}/`;
    const identity = await verifierFor().verify(`Bearer ${await token()}`, Date.now());
    expect(identity).toMatchObject({
      code: "identity_provider_unavailable",
      reason: expect.stringContaining(`OIDC_ISSUER would be ${url}/`),
    });
    discoveredIssuer = null;
  });
});
