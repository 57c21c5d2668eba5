import { p1363FromDer } from "../../core/token/ecdsa-signature.ts";
import { isRefusal, refuse, type Refusal } from "../../core/refusal.ts";
import type { GithubKeys } from "./github-keys.ts";

/** What a report says of its signature, well-formed. */
interface SignatureClaim {
  /** Names the key in GitHub's list. */
  readonly identifier: string;
  /** `r` and `s`, 32 bytes each. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

const IDENTIFIER = /^[\w.:-]{1,128}$/;

/** Reads the headers in which GitHub signs a report; `null` when they are missing or not well-formed. */
export function readSignature(headers: Headers): SignatureClaim | null {
  const identifier = headers.get("Github-Public-Key-Identifier") ?? "";
  const encoded = headers.get("Github-Public-Key-Signature") ?? "";
  const der = Buffer.from(encoded, "base64");
  // Decoding skips characters outside base64, so only the canonical spelling is accepted.
  if (!IDENTIFIER.test(identifier) || der.toString("base64") !== encoded) return null;
  const signature = p1363FromDer(der);
  return signature === null ? null : { identifier, signature };
}

/** Why a body is not GitHub's, at `now`; `null` when it is. */
export async function signatureRefusal(
  { identifier, signature }: SignatureClaim,
  body: Uint8Array,
  keys: GithubKeys,
  now: number,
): Promise<Refusal | null> {
  const key = await keys.find(identifier, now);
  if (key === null) return refuse("signature_invalid", { reason: "No such key" });
  if (isRefusal(key)) return key;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const valid = await crypto.subtle.verify(algorithm, key, signature, body);
  return valid ? null : refuse("signature_invalid");
}
