import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";
import { storedJson } from "../core/json.ts";

export interface IdentitySecrets {
  /** Private ES256 key with its `kid`. */
  readonly signingKey: JWK;
  readonly cookieKey: string;
}

/** Reads the sample identity provider's secrets, made at first use and kept so that tokens outlive a restart. */
export async function loadIdentitySecrets(file: string): Promise<IdentitySecrets> {
  if (existsSync(file)) return storedJson<IdentitySecrets>(readFileSync(file, "utf8"));
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  const secrets: IdentitySecrets = {
    signingKey: { ...jwk, alg: "ES256", use: "sig", kid: await calculateJwkThumbprint(jwk) },
    cookieKey: randomBytes(32).toString("base64url"),
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}
