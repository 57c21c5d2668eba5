import { createHash } from "node:crypto";
import { NDJSON } from "../../src/core/http/ndjson.ts";
import { OPERATOR } from "./operators.ts";
import type { Portcullis } from "./portcullis.ts";
import { readJson } from "./json.ts";

export interface ImportResultLine {
  readonly line: number;
  readonly status: "imported" | "unchanged" | "refused";
  readonly keyId: string | null;
  readonly error: string | null;
}

let made = 0;
/** The string of a key as another system may have made it: nobody has seen it before. */
export function foreignKey(prefix = "sk_live_"): string {
  return `${prefix}${createHash("sha256").update(`${process.pid} ${made++}`).digest("hex").slice(0, 32)}`;
}

/** A line that imports a key for alice of `org_test`. */
export function importLine(key: string, changes: object = {}): Record<string, unknown> {
  return {
    hash: createHash("sha256").update(key).digest("hex"),
    keyPrefix: key.slice(0, 8),
    name: "From before",
    orgId: "org_test",
    ownerId: "alice",
    scopes: ["vault:read"],
    vaults: "*",
    ...changes,
  };
}

/** Imports lines, each an object or raw text; tells what became of each. */
export async function importKeys(
  portcullis: Portcullis,
  lines: readonly (object | string)[],
  edge = 0,
): Promise<ImportResultLine[]> {
  const response = await fetch(`${portcullis.edges[edge]}/-/ops/imports`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${await portcullis.issuer.token(OPERATOR)}`,
      "Content-Type": NDJSON,
    },
    body: lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status} ${text}`);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => readJson<ImportResultLine>(line));
}
