import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { RevocationTarget } from "../api-types/revocations.ts";
import type { RevokeCommand } from "./arguments.ts";
import { repeatedName } from "../core/http/json-names.ts";
import { CliError } from "./cli-error.ts";
import { KEY_ID, withoutSecrets } from "../core/key/key-secret.ts";
import { holdsSecret } from "./secrets.ts";
import { systemCodeOf } from "../core/thrown.ts";

/** A target as the API takes it, and a name for it that is safe to show. */
export interface Target {
  readonly label: string;
  readonly json: object;
}

/**
 * All that a command names, in order. Throws a {@link CliError} when the file cannot be read or says nothing, or when
 * one of them is no target: then nothing is to be sent.
 */
export async function readTargets(
  command: RevokeCommand,
  stdin: NodeJS.ReadableStream = process.stdin,
): Promise<Target[]> {
  const targets = [
    ...command.keyIds.map((keyId) => targetOf("--key-id", { keyId })),
    ...command.owners.map(ownerTarget),
    ...command.orgs.map((orgId) => targetOf("--org", { orgId })),
    ...(command.file === null ? [] : readLines(await readSource(command.file, stdin))),
  ];
  if (targets.length === 0) throw new CliError("The file names nothing to revoke");
  return targets;
}

async function readSource(file: string, stdin: NodeJS.ReadableStream): Promise<string> {
  try {
    return file === "-" ? await text(stdin) : await readFile(file, "utf8");
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${systemCodeOf(error) ?? "unknown error"}`);
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

/** What is neither JSON nor a key id is a key, if only a mistyped one: an imported key may begin like an id, too. */
function lineTarget(line: string, number: number): Target {
  const where = `Line ${number}`;
  if (line.startsWith("{")) return targetOf(where, parseJson(where, line));
  if (KEY_ID.test(line)) return targetOf(where, { keyId: line });
  return targetOf(where, { key: line });
}

function parseJson(where: string, line: string): unknown {
  const json = readJson(where, line);
  // One of two keys would be left alive.
  if (repeatedName(line) !== null) throw new CliError(`${where} says something twice`);
  return json;
}

function readJson(where: string, line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new CliError(`${where} begins like JSON and is not`);
  }
}

/** An owner's id may hold a slash, an organisation's cannot. */
function ownerTarget(owner: string): Target {
  const [, orgId, ownerId] = /^([^/]+)\/(.+)$/.exec(owner) ?? [];
  if (orgId === undefined) throw new CliError("--owner must be ORG/OWNER");
  return targetOf("--owner", { orgId, ownerId });
}

/** What the API itself takes for a target; `where` tells the reader which one is none. */
function targetOf(where: string, json: unknown): Target {
  const target = RevocationTarget.safeParse(json).data;
  if (target === undefined) {
    throw new CliError(
      `${where} is no target: it takes {"keyId"}, {"key"}, {"orgId","ownerId"} or {"orgId"}, each of 1 to 255 characters`,
    );
  }
  if (!("key" in target) && holdsSecret(JSON.stringify(target))) {
    throw new CliError(`${where} holds a whole key in place of an id: give it as {"key"}`);
  }
  return { label: labelOf(target, where), json: target };
}

function labelOf(target: RevocationTarget, where: string): string {
  if ("keyId" in target) return target.keyId;
  if ("ownerId" in target) return `${target.orgId}/${target.ownerId}`;
  if ("orgId" in target) return target.orgId;
  return holdsSecret(target.key) ? withoutSecrets(target.key) : where.toLowerCase();
}
