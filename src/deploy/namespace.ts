import { readFileSync, writeFileSync } from "node:fs";
import type { DeployCommand } from "./arguments.ts";
import type { Target } from "./configuration.ts";
import { DeployError, NoNamespace } from "./deploy-error.ts";
import { messageOf, systemCodeOf } from "../core/thrown.ts";
import type { Wrangler } from "./wrangler.ts";

export const BINDING = "KEY_RECORDS";

interface Namespace {
  readonly id: string;
  readonly title: string;
}

/** The id of the namespace that a target names; `null` for none yet. */
export function namespaceOf({ kv_namespaces: namespaces }: Target): string | null {
  return namespaces.find(({ binding }) => binding === BINDING)?.id ?? null;
}

/** Sees to it that the target names a KV namespace: one that it has no id of is found by its title, or created. */
export async function provideNamespace(
  target: Target,
  command: DeployCommand,
  wrangler: Wrangler,
  print: (text: string) => void,
): Promise<void> {
  if (namespaceOf(target) !== null) return;
  // wrangler puts the environment in front of what it creates.
  const name = `${target.topLevelName ?? target.name}-${BINDING}`;
  const title = `${command.environment}-${name}`;
  if (command.dryRun) {
    print(`The KV namespace ${title} would be found or created\n`);
    return;
  }
  const id = (await find(title, wrangler)) ?? (await create(name, title, wrangler));
  writeId(command, id);
  print(`${command.config} names the KV namespace ${title} now: commit it\n`);
}

/** Throws {@link NoNamespace} if the account has none of this id. */
export async function requireNamespace(id: string, wrangler: Wrangler): Promise<void> {
  const namespaces = await list(wrangler);
  if (namespaces.some((each) => each.id === id)) return;
  throw new NoNamespace(
    `${BINDING}: the account has no namespace ${id}. Is it another account's (CLOUDFLARE_ACCOUNT_ID)? If it was deleted, take the id out: one is created, and what it held is written again as the runbook says (KV is lost)`,
  );
}

async function list(wrangler: Wrangler): Promise<readonly Namespace[]> {
  return (await wrangler.json<readonly Namespace[]>(["kv", "namespace", "list"])) ?? [];
}

async function find(title: string, wrangler: Wrangler): Promise<string | null> {
  return (await list(wrangler)).find((each) => each.title === title)?.id ?? null;
}

async function create(name: string, title: string, wrangler: Wrangler): Promise<string> {
  const { code, stdout, all } = await wrangler.run(["kv", "namespace", "create", name]);
  if (code !== 0) throw new DeployError(`The KV namespace ${name} could not be created:\n${all.trim()}`);
  const id = /\b[0-9a-f]{32}\b/.exec(stdout)?.[0] ?? (await find(title, wrangler));
  if (id !== null) return id;
  throw new DeployError(`The KV namespace ${title} was created, and is not listed:\n${all.trim()}`);
}

/** Writes the id into the environment's own section, below the binding's name. */
function writeId({ config, environment }: DeployCommand, id: string): void {
  const byHand = `Put id = "${id}" below binding = "${BINDING}" of [[env.${environment}.kv_namespaces]], and deploy again`;
  const lines = readFileSync(config, "utf8").split("\n");
  const section = lines.findIndex((line) => line.trim() === `[[env.${environment}.kv_namespaces]]`);
  const end = lines.findIndex((line, i) => i > section && line.trimStart().startsWith("["));
  const name = lines.findIndex((line, i) => i > section && /^\s*binding\s*=\s*"KEY_RECORDS"/.test(line));
  if (section === -1 || name === -1 || (end !== -1 && name > end)) {
    throw new DeployError(byHand);
  }
  const written = lines.toSpliced(name + 1, 0, `id = "${id}"`).join("\n");
  try {
    writeFileSync(config, written);
  } catch (error) {
    throw new DeployError(
      `${config} cannot be written (${systemCodeOf(error) ?? messageOf(error)}). ${byHand}`,
    );
  }
}
