import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import type { RevokeCommand } from "./arguments.ts";
import { CliError } from "./cli-error.ts";
import { holdsSecret, withoutSecrets } from "./secrets.ts";

/** A target as the API takes it, and a name for it that is safe to show. */
export interface Target {
  readonly label: string;
  readonly json: object;
}

/** All that a command names, in order; throws a {@link CliError} when the file cannot be read or says nothing. */
export async function readTargets(command: RevokeCommand): Promise<Target[]> {
  const targets = [
    ...command.keyIds.map((keyId) => ({ label: keyId, json: { keyId } })),
    ...command.owners.map(ownerTarget),
    ...command.orgs.map((orgId) => ({ label: orgId, json: { orgId } })),
    ...(command.file === null ? [] : readLines(await readSource(command.file))),
  ];
  if (targets.length === 0) throw new CliError("The file names nothing to revoke");
  return targets;
}

async function readSource(file: string): Promise<string> {
  try {
    return file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? "unknown error"}`);
  }
}

function readLines(source: string): Target[] {
  return source
    .replace(/^\uFEFF/, "")
    .split("\n")
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== "" && !line.startsWith("#"))
    .map(({ line, number }) => lineTarget(line, number));
}

/** What is neither JSON nor a key id is taken for a key: one that is mistyped is then reported as not found. */
function lineTarget(line: string, number: number): Target {
  if (line.startsWith("{")) return jsonTarget(line, number);
  if (line.startsWith("key_")) return { label: line, json: { keyId: line } };
  return { label: holdsSecret(line) ? withoutSecrets(line) : `line ${number}`, json: { key: line } };
}

function jsonTarget(line: string, number: number): Target {
  let json: object;
  try {
    json = JSON.parse(line) as object;
  } catch {
    throw new CliError(`Line ${number} begins like JSON and is not`);
  }
  const { keyId, orgId, ownerId } = json as Partial<Record<string, string>>;
  const owner = ownerId === undefined ? orgId : `${orgId}/${ownerId}`;
  return { label: withoutSecrets(keyId ?? owner ?? `line ${number}`), json };
}

/** An owner's id may hold a slash, an organisation's cannot. */
function ownerTarget(owner: string): Target {
  const [, orgId, ownerId] = /^([^/]+)\/(.+)$/.exec(owner) ?? [];
  if (orgId === undefined) throw new CliError("--owner must be ORG/OWNER");
  return { label: owner, json: { orgId, ownerId } };
}
