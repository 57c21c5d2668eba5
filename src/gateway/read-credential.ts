import { PresentedKey, PresentedToken } from "../admission/isolate/presented.ts";
import { readCredential as read } from "../core/credential.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import type { VerifiedToken } from "../state/access-tokens.ts";
import type { Exchange, Gateway } from "./exchange.ts";

/**
 * Step 2: exactly one bearer credential. A key is well-formed, its checksum right: nothing is looked up. A token is
 * signed by its organisation and has not expired: nothing is looked up once the organisation's public key is known.
 */
export function readCredential(x: Exchange, gateway: Gateway): Refusal | null | Promise<Refusal | null> {
  const credential = read(x.request.headers.get("Authorization"), gateway.config.keyPrefixes);
  if ("code" in credential) return credential;
  if (credential.kind === "access_token") return readToken(x, gateway, credential.token);
  x.keyId = credential.keyId;
  x.presented = new PresentedKey(credential.keyId, credential.key, x.address, gateway.admission.credentials);
  return null;
}

function readToken(x: Exchange, gateway: Gateway, text: string): Refusal | null | Promise<Refusal | null> {
  const issuer = gateway.issuerOf(x.request.url);
  const known = gateway.tokens.peek(text);
  if (known?.claims.issuer === issuer) return takeToken(x, known);
  const blocked = gateway.failures.blocked(x.address, x.startedAt);
  if (blocked !== null) return blocked;
  return gateway.tokens
    .verify(text, issuer, x.startedAt, x.background)
    .then((verified) => ("code" in verified ? verified : takeToken(x, verified)));
}

function takeToken(x: Exchange, token: VerifiedToken): Refusal | null {
  x.token = token;
  x.keyId = token.claims.keyId;
  x.presented = new PresentedToken(token.claims, x.address);
  return token.claims.expiresAt <= x.startedAt ? refuse("access_token_expired") : null;
}
