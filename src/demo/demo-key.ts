import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { ControlAnswer, ControlClient } from "./control-client.ts";

/** The key that the quick start prints. Its secret is told once, at creation, so it is kept next to the state. */
export interface DemoKey {
  readonly id: string;
  /** The whole key. */
  readonly key: string;
}

interface KeyJson {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly vaults: unknown;
  readonly allowedIps: readonly string[];
}

const NAME = "Quick start";

/** Sets up the organisation and returns a key that works: the one in `file` if it still does, else a new one. */
export async function provideDemoKey(call: ControlClient, file: string): Promise<DemoKey> {
  const { status, body } = await call("POST", "/-/organization/bootstrap");
  if (status >= 300 && codeOf(body) !== "already_exists") throw refused("bootstrap", { status, body });

  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as DemoKey) : null;
  if (kept && (await isUsable(call, kept.id))) return kept;

  const { id, key } = await createKey(call);
  writeFileSync(file, JSON.stringify({ id, key }), { mode: 0o600 });
  return { id, key };
}

/** Whether anybody who has the key can list every vault with it, from anywhere. */
async function isUsable(call: ControlClient, id: string): Promise<boolean> {
  const answer = await call("GET", `/-/api-keys/${id}`);
  if (answer.status !== 200) return false;
  const { status, vaults, allowedIps } = answer.body as KeyJson;
  return status === "active" && vaults === "*" && allowedIps.length === 0;
}

async function createKey(call: ControlClient): Promise<DemoKey> {
  const create = () => call("POST", "/-/api-keys", { name: NAME, scopes: ["vault:read"], vaults: "*" });
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
  return new Error(`${what} was answered with ${status} ${codeOf(body) ?? ""}`.trim());
}
