import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { prefixOf } from "../core/key/key-secret.ts";
import type { ControlAnswer, ControlClient } from "./control-client.ts";
import { storedJson } from "../core/json.ts";

/** The key that the quick start prints. The API returns its secret once, at creation, so it is kept next to the state. */
export interface DemoKey {
  readonly id: string;
  /** The whole key. */
  readonly key: string;
}

interface KeyJson {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly scopes: readonly { readonly action: string; readonly resource: string }[];
  readonly vaults: unknown;
  readonly allowedIps: readonly string[];
}

const NAME = "Quick start";

/**
 * Sets up the organisation and returns a key with these scopes that works: the one in `file` if it still does, else a
 * new one. A key works that begins with one of the prefixes.
 */
export async function provideDemoKey(
  call: ControlClient,
  scopes: readonly string[],
  file: string,
  prefixes: readonly string[],
): Promise<DemoKey> {
  const { status, body } = await call("POST", "/-/organization/bootstrap");
  if (status >= 300 && codeOf(body) !== "already_exists") throw refused("bootstrap", { status, body });

  const kept = existsSync(file) ? storedJson<DemoKey>(readFileSync(file, "utf8")) : null;
  const isOurs = kept !== null && prefixOf(kept.key, prefixes) !== null;
  if (isOurs && (await isUsable(call, kept.id, scopes))) return kept;

  const { id, key } = await createKey(call, scopes);
  writeFileSync(file, JSON.stringify({ id, key }), { mode: 0o600 });
  return { id, key };
}

/** Whether anybody who has the key can do all that it is for, from anywhere. */
async function isUsable(call: ControlClient, id: string, wanted: readonly string[]): Promise<boolean> {
  const answer = await call("GET", `/-/api-keys/${id}`);
  if (answer.status !== 200) return false;
  const { status, scopes, vaults, allowedIps } = answer.body as KeyJson;
  const held = scopes.map(({ action, resource }) => `${resource}:${action}`);
  const same = held.length === wanted.length && wanted.every((scope) => held.includes(scope));
  return status === "active" && same && vaults === "*" && allowedIps.length === 0;
}

async function createKey(call: ControlClient, scopes: readonly string[]): Promise<DemoKey> {
  const create = () => call("POST", "/-/api-keys", { name: NAME, scopes, vaults: "*" });
  let answer = await create();
  if (codeOf(answer.body) === "key_limit_reached") {
    await revokeEarlierKeys(call);
    answer = await create();
  }
  if (answer.status !== 201) throw refused("creating a key", answer);
  return answer.body as DemoKey;
}

/** Makes room: nobody is sure to hold the secret of an earlier quick start's key any more. */
async function revokeEarlierKeys(call: ControlClient): Promise<void> {
  const { body } = await call("GET", `/-/api-keys?q=${encodeURIComponent(NAME)}&status=all&limit=500`);
  for (const { id, name, status } of (body as { data: readonly KeyJson[] }).data) {
    const counts = status === "active" || status === "disabled";
    if (name === NAME && counts) await call("DELETE", `/-/api-keys/${id}`);
  }
}

function codeOf(body: unknown): string | undefined {
  return (body as { error?: { code?: string } } | null)?.error?.code;
}

function refused(what: string, { status, body }: ControlAnswer): Error {
  const details = (body as { error?: { details?: { problem?: string } } } | null)?.error?.details;
  const reason = details?.problem === undefined ? "" : `: ${details.problem}`;
  return new Error(`${what} was answered with ${status} ${codeOf(body) ?? ""}`.trim() + reason);
}
