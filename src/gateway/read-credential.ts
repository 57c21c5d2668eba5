import { readCredential as read } from "../core/credential.ts";
import { hashKey } from "../core/key-secret.ts";
import { refuse, type Refusal } from "../core/refusal.ts";
import type { Exchange, Gateway } from "./exchange.ts";

/** Step 2: exactly one bearer credential, well-formed, its checksum right. Nothing is looked up. */
export function readCredential(x: Exchange, gateway: Gateway): Refusal | null {
  const credential = read(x.request.headers.get("Authorization"), gateway.config.keyPrefix);
  if ("code" in credential) return credential;
  if (credential.kind === "access_token") return refuse("access_token_invalid");
  x.credential = credential;
  x.presentedHash = hashKey(credential.key);
  return null;
}
