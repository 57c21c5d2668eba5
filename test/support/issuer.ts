import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { CompactSign, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { readJson } from "./json.ts";

/** An identity provider for tests: discovery and keys over real HTTP, and tokens with any claims. */
export interface TestIssuer {
  readonly url: string;
  /** How often its key set was fetched. */
  readonly keyFetches: number;
  /** How often its discovery document was. */
  readonly discoveries: number;
  /** Signs a token; claims that are `undefined` are left out. */
  token(
    claims?: Readonly<Record<string, unknown>>,
    header?: Readonly<Record<string, unknown>>,
  ): Promise<string>;
  /** Signs claims as they are written, of which some may stand twice. */
  signText(claims: string): Promise<string>;
  /** Replaces the signing key, as a provider that rotates does. */
  rotate(): Promise<void>;
  /** The forms that its revocation endpoint was sent (RFC 7009). */
  readonly revocations: readonly URLSearchParams[];
  /** What its token endpoint answers from now on. */
  answerWith(answer: TokenEndpoint): void;
  /** From now on answers 500 to whoever asks for this. */
  setDown(down: Down): void;
  close(): Promise<void>;
}

/** Answers a request to the token endpoint (RFC 6749 section 3.2), by its form. */
type TokenEndpoint = (form: URLSearchParams) => Promise<{ status: number; body: object }>;

export type Down = "nothing" | "keys" | "everything";

export const AUDIENCE = "portcullis";

interface Signer {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function startIssuer(): Promise<TestIssuer> {
  let signer = await newSigner();
  let down: Down = "nothing";
  let keyFetches = 0;
  let discoveries = 0;
  const revocations: URLSearchParams[] = [];
  let tokenEndpoint: TokenEndpoint = async () => ({ status: 400, body: { error: "invalid_grant" } });
  const server = createServer((request, response) => {
    const send = (status: number, body: object) => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(body));
    };
    const answer = (body: object, fails: boolean) => send(fails ? 500 : 200, body);
    if (request.url === "/.well-known/openid-configuration") {
      discoveries++;
      answer(metadata(url), down === "everything");
    } else if (request.url === "/token") {
      void text(request)
        .then((form) => tokenEndpoint(new URLSearchParams(form)))
        .then(({ status, body }) => send(down === "everything" ? 500 : status, body));
    } else if (request.url === "/revoke") {
      void text(request)
        .then((form) => revocations.push(new URLSearchParams(form)))
        .then(() => answer({}, down === "everything"));
    } else {
      keyFetches++;
      answer({ keys: [signer.jwk] }, down !== "nothing");
    }
  });
  const url = await listen(server);
  return {
    url,
    revocations,
    get keyFetches() {
      return keyFetches;
    },
    get discoveries() {
      return discoveries;
    },
    token: (claims, header) => sign(signer, url, claims, header),
    signText: (claims) =>
      new CompactSign(new TextEncoder().encode(claims))
        .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: signer.kid })
        .sign(signer.privateKey),
    rotate: async () => {
      signer = await newSigner();
    },
    answerWith: (value) => {
      tokenEndpoint = value;
    },
    setDown: (value) => {
      down = value;
    },
    close: () => close(server),
  };
}

function metadata(url: string): object {
  return {
    issuer: url,
    jwks_uri: `${url}/jwks`,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    revocation_endpoint: `${url}/revoke`,
    end_session_endpoint: `${url}/sign-out`,
    id_token_signing_alg_values_supported: ["ES256"],
  };
}

async function newSigner(): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const kid = crypto.randomUUID();
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" } };
}

function sign(
  signer: Signer,
  url: string,
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    iss: url,
    aud: AUDIENCE,
    sub: "alice",
    org_id: "org_test",
    iat: now,
    exp: now + 600,
    ...claims,
  };
  const critical = Object.fromEntries(((header["crit"] ?? []) as string[]).map((name) => [name, true]));
  return new SignJWT(readJson<Record<string, unknown>>(JSON.stringify(payload)))
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: signer.kid, ...header })
    .sign(signer.privateKey, { crit: critical });
}

/** Claims of an admin who is a developer on every vault, with a fresh second factor. */
export function adminClaims(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    name: "Alice",
    roles: ["admin"],
    vault_roles: { "*": ["developer"] },
    amr: ["pwd", "otp", "mfa"],
    auth_time: Math.floor(Date.now() / 1000),
    ...changes,
  };
}

/** Starts a server on a free loopback port and tells its origin. */
export async function listen(server: Server, port = 0): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
}
