import { createHash } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { close, listen } from "../issuer.ts";
import type { Claims, Dialect, Person, SignInRequest } from "./dialect.ts";
import { readJson } from "../json.ts";

/** An identity provider that speaks the dialect of a real one: discovery, sign-in, tokens and sign-out over real HTTP. */
export interface StandIn {
  readonly url: string;
  /** Who signs in from now on. */
  signsIn(person: Person): void;
  /** The tokens that were issued last. */
  readonly accessToken: string;
  readonly idToken: string;
  /** Why sign-ins were not taken. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

interface Grant {
  readonly person: Person;
  readonly request: SignInRequest;
}

/** One pair for all, since making one takes long. */
const KEYS = generateKeyPair("RS256");

export async function startStandIn(dialect: Dialect): Promise<StandIn> {
  const { publicKey, privateKey } = await KEYS;
  const jwk = { ...(await exportJWK(publicKey)), kid: "key-1", use: "sig" };
  const grants = new Map<string, Grant>();
  const complaints: string[] = [];
  let signingIn: Person | null = null;
  let accessToken = "";
  let idToken = "";

  const sign = (claims: Claims, typ: string): Promise<string> => {
    const iat = Math.floor(Date.now() / 1000);
    const present = readJson<Record<string, unknown>>(
      JSON.stringify({ iss: dialect.issuer(url), iat, exp: iat + 3600, ...claims }),
    );
    return new SignJWT(present).setProtectedHeader({ alg: "RS256", typ, kid: "key-1" }).sign(privateKey);
  };

  const authorize = (response: ServerResponse, request: SignInRequest): void => {
    const back = new URL(request.get("redirect_uri") ?? "");
    back.searchParams.set("state", request.get("state") ?? "");
    const complaint = dialect.complaint?.(request) ?? null;
    if (complaint !== null || signingIn === null) {
      complaints.push(complaint ?? "nobody signs in");
      back.searchParams.set("error", "invalid_request");
    } else {
      const code = crypto.randomUUID();
      grants.set(code, { person: signingIn, request });
      back.searchParams.set("code", code);
    }
    response.writeHead(302, { Location: back.href }).end();
  };

  const token = async (form: URLSearchParams): Promise<object | null> => {
    const grant = grants.get(form.get("code") ?? "");
    grants.delete(form.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (grant === undefined || challenge !== grant.request.get("code_challenge")) return null;
    const { person, request } = grant;
    const now = Math.floor(Date.now() / 1000);
    // Without being asked again, everybody has signed in an hour ago.
    const isNew = request.get("prompt") === "login" || (request.has("max_age") && !dialect.ignoresMaxAge);
    const moment = { person, request, url, authTime: isNew ? now : now - 3600 };
    const claims = dialect.accessToken(moment);
    accessToken = typeof claims === "string" ? claims : await sign(claims, dialect.accessTokenType ?? "JWT");
    const nonce = request.get("nonce");
    idToken = await sign({ aud: dialect.clientId, nonce, ...dialect.idToken(moment) }, "JWT");
    return { access_token: accessToken, id_token: idToken, token_type: "Bearer", expires_in: 3600 };
  };

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", url);
    const json = (body: object, status = 200): void =>
      void response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    const { authorization, token: tokenPath, keys, signOut } = dialect.paths;
    if (pathname.endsWith("/.well-known/openid-configuration")) json(metadataOf(dialect, url));
    else if (pathname === keys) json({ keys: [jwk] });
    else if (pathname === authorization) authorize(response, searchParams);
    else if (pathname === tokenPath) {
      void text(request)
        .then((form) => token(new URLSearchParams(form)))
        .then((body) => json(body ?? { error: "invalid_grant" }, body === null ? 400 : 200));
    } else if (pathname === signOut?.path) {
      const back = searchParams.get(signOut.returnParameter);
      const complete = signOut.parameters.every((name) => searchParams.has(name));
      response.writeHead(complete && back !== null ? 302 : 400, { Location: back ?? "/" }).end();
    } else response.writeHead(404).end();
  });
  const url = await listen(server);
  return {
    url,
    complaints,
    signsIn: (person) => {
      signingIn = person;
    },
    get accessToken() {
      return accessToken;
    },
    get idToken() {
      return idToken;
    },
    close: () => close(server),
  };
}

function metadataOf(dialect: Dialect, url: string): object {
  const { authorization, token, keys, signOut } = dialect.paths;
  return {
    issuer: dialect.discoveredIssuer?.(url) ?? dialect.issuer(url),
    authorization_endpoint: url + authorization,
    token_endpoint: url + token,
    jwks_uri: url + keys,
    id_token_signing_alg_values_supported: ["RS256"],
    ...(signOut?.discovered === true && { end_session_endpoint: url + signOut.path }),
    ...dialect.furtherMetadata,
  };
}
