import { PresentedKey, PresentedToken } from "../admission/isolate/presented.ts";
import { readCredential as read } from "../core/access/credential.ts";
import { isRefusal, refuse } from "../core/refusal.ts";
import { holdsText } from "../core/access/url-credential.ts";
import type { VerifiedToken } from "../state/access-tokens.ts";
import type { Gateway } from "./gateway.ts";
import { end, type Refused, type Identified, type Routed } from "./stages.ts";

/**
 * Step 2: exactly one bearer credential. A key is well-formed, its checksum right: nothing is looked up. A token is
 * signed by its organisation and has not expired: nothing is looked up once the organisation's public key is known. What
 * has the form of an imported key is taken for one where keys have been imported.
 */
export function readCredential(routed: Routed, gateway: Gateway): Read {
  return readAs(routed, gateway, gateway.imports.arePossible);
}

type Read = Identified | Refused | Promise<Identified | Refused>;

function readAs(routed: Routed, gateway: Gateway, hasImports: boolean): Read {
  const { request, address } = routed.arrived;
  const { config, admission } = gateway;
  const credential = read(request.headers.get("Authorization"), config.keyPrefixes, hasImports);
  if (isRefusal(credential)) return end(routed, credential);
  if (credential.kind === "access_token") return readToken(routed, gateway, credential.token);
  if (credential.kind === "imported_key") return readImported(routed, gateway, credential.key);
  const presented = new PresentedKey(credential, address, admission.credentials);
  return { stage: "identified", routed, keyId: presented.keyId, presented, token: null };
}

function readImported(routed: Routed, gateway: Gateway, key: string): Read {
  const { address, startedAt } = routed.arrived;
  const { imports, failures } = gateway;
  const decide = (areThere: boolean): Read =>
    areThere ? takeImported(routed, gateway, key) : readAs(routed, gateway, false);
  const known = imports.peek(startedAt);
  if (known !== null) return decide(known);
  const blocked = failures.blocked(address, startedAt);
  return blocked === null ? imports.find(startedAt).then(decide) : end(routed, blocked);
}

function takeImported(routed: Routed, { admission }: Gateway, key: string): Identified | Refused {
  const { request, address } = routed.arrived;
  // It has no checksum to be known by, but this one is at hand.
  if (holdsText(request.url, key)) return end(routed, refuse("credential_in_url"));
  const keyId = admission.credentials.importedKeyId(key);
  const presented = new PresentedKey({ keyId, key }, address, admission.credentials, true);
  return { stage: "identified", routed, keyId, presented, token: null };
}

function readToken(routed: Routed, gateway: Gateway, text: string): Read {
  const { request, address, startedAt, background } = routed.arrived;
  const issuer = gateway.issuerOf(request.url);
  const known = gateway.tokens.peek(text);
  if (known?.claims.issuer === issuer) return takeToken(routed, known);
  const blocked = gateway.failures.blocked(address, startedAt);
  if (blocked !== null) return end(routed, blocked);
  return gateway.tokens
    .verify(text, issuer, startedAt, background)
    .then((verified) => (isRefusal(verified) ? end(routed, verified) : takeToken(routed, verified)));
}

function takeToken(routed: Routed, token: VerifiedToken): Identified | Refused {
  const { claims } = token;
  const { address, startedAt } = routed.arrived;
  const presented = new PresentedToken(claims, address);
  const identified: Identified = { stage: "identified", routed, keyId: claims.keyId, presented, token };
  return claims.expiresAt <= startedAt ? end(identified, refuse("access_token_expired")) : identified;
}
