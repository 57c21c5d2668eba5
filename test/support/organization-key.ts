import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { importJWK, type CryptoKey } from "jose";
import type { SigningKey } from "../../src/core/token/signing-key.ts";
import { readJson } from "./json.ts";

/** The signing key of an organisation, taken from its object's storage: what only the object itself should have. */
export async function stealSigningKey(
  stateDir: string,
  orgId: string,
): Promise<{ readonly kid: string; readonly key: CryptoKey }> {
  for (const file of readdirSync(stateDir, { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".sqlite")) continue;
    const rings = signingKeys(join(stateDir, file));
    const first = rings.flat().find(({ kid }) => kid.startsWith(`${orgId}.`));
    if (first === undefined) continue;
    return { kid: first.kid, key: (await importJWK(first.privateJwk as object, "ES256")) as CryptoKey };
  }
  throw new Error(`No signing key of ${orgId}`);
}

function signingKeys(file: string): SigningKey[][] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database.prepare(`SELECT value FROM settings WHERE name = 'signingKeys'`).all();
    return rows.map(({ value }) => readJson<SigningKey[]>(String(value)));
  } catch {
    // Not the storage of an organisation.
    return [];
  } finally {
    database.close();
  }
}
