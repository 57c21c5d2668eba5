import { PresentedKey, PresentedToken } from "../admission/isolate/presented.ts";
import { readCredential as read } from "../core/credential.ts";
import { refuse } from "../core/refusal.ts";
import type { VerifiedToken } from "../state/access-tokens.ts";
import type { Gateway } from "./gateway.ts";
import { end, type Refused, type Identified, type Routed } from "./stages.ts";

/**
 * Step 2: exactly one bearer credential. A key is well-formed, its checksum right: nothing is looked up. A token is
 * signed by its organisation and has not expired: nothing is looked up once the organisation's public key is known.
 */
export function readCredential(
  routed: Routed,
  gateway: Gateway,
): Identified | Refused | Promise<Identified | Refused> {
  const { request, address } = routed.arrived;
  const credential = read(request.headers.get("Authorization"), gateway.config.keyPrefixes);
  if ("code" in credential) return end(routed, credential);
  if (credential.kind === "access_token") return readToken(routed, gateway, credential.token);
  const { keyId, key } = credential;
  const presented = new PresentedKey(keyId, key, address, gateway.admission.credentials);
  return { stage: "identified", routed, keyId, presented, token: null };
}

function readToken(
  routed: Routed,
  gateway: Gateway,
  text: string,
): Identified | Refused | Promise<Identified | Refused> {
  const { request, address, startedAt, background } = routed.arrived;
  const issuer = gateway.issuerOf(request.url);
  const known = gateway.tokens.peek(text);
  if (known?.claims.issuer === issuer) return takeToken(routed, known);
  const blocked = gateway.failures.blocked(address, startedAt);
  if (blocked !== null) return end(routed, blocked);
  return gateway.tokens
    .verify(text, issuer, startedAt, background)
    .then((verified) => ("code" in verified ? end(routed, verified) : takeToken(routed, verified)));
}

function takeToken(routed: Routed, token: VerifiedToken): Identified | Refused {
  const { claims } = token;
  const { address, startedAt } = routed.arrived;
  const presented = new PresentedToken(claims, address);
  const identified: Identified = { stage: "identified", routed, keyId: claims.keyId, presented, token };
  return claims.expiresAt <= startedAt ? end(identified, refuse("access_token_expired")) : identified;
}
