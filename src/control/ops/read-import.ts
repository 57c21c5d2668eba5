import { ImportLine, ImportLineInVaults } from "../../api-types/imports.ts";
import { bytesToHex } from "@noble/hashes/utils.js";
import { problemsIn, type FieldProblem } from "../../core/http/field-problems.ts";
import { nestsTooDeep } from "../../core/http/json-depth.ts";
import { repeatedName } from "../../core/http/json-names.ts";
import { importRefused, type ImportResult, type KeyImport } from "../../core/organization/key-import.ts";
import { hashKey, prefixOf, withoutSecrets } from "../../core/key/key-secret.ts";
import { isRefusal } from "../../core/refusal.ts";
import { fieldsWithKey } from "../body-secrets.ts";
import type { Control } from "../context.ts";
import { keyProblems, readKeyValues } from "../key-values.ts";
import { parse } from "../parse.ts";

/** No line of a key that can be is longer. */
export const MAX_LINE_LENGTH = 32_768;

/** A line that can be imported, and by which organisation. */
export interface ReadImport {
  readonly orgId: string;
  readonly key: KeyImport;
}

type Rules = Pick<Control, "config" | "checkScope" | "hasVaults">;

/** Reads a line of an import at `now`, or tells everything that is wrong with it. */
export function readImport(text: string | null, rules: Rules, now: number): ReadImport | ImportResult {
  if (text === null) return importRefused(`The line has more than ${MAX_LINE_LENGTH} characters`);
  const json = parseLine(text);
  if (json === undefined) return importRefused("The line is not JSON, or is nested too deep");
  const repeated = repeatedName(text);
  if (repeated !== null) return importRefused(`${withoutSecrets(repeated)} stands twice in the line`);
  const exposed = fieldsWithKey(json, rules.config.keyPrefixes).map((field) => ({
    field,
    problem: "Must not hold an API key",
  }));
  const parsed = parse(rules.hasVaults ? ImportLineInVaults : ImportLine, json, true, (fitting) =>
    problemsOf(fitting, rules, now),
  );
  const problems = [...exposed, ...(isRefusal(parsed) ? problemsIn(parsed) : [])];
  if (isRefusal(parsed) || problems.length > 0) return importRefused(textOf(problems));
  const line = parsed.value;
  const values = readKeyValues(line, rules, now);
  if (isRefusal(values)) return importRefused(textOf(problemsIn(values)));
  const draft = {
    name: line.name,
    description: line.description ?? null,
    ownerId: line.ownerId,
    scopes: values.scopes ?? [],
    vaults: values.vaults ?? "*",
    allowedIps: values.allowedIps ?? [],
    rateLimit: line.rateLimit ?? null,
    expiresAt: values.expiresAt === undefined ? now + rules.config.defaultKeyExpiryMs : values.expiresAt,
    disabled: false,
  };
  const { hash, keyPrefix, orgId } = line;
  // When a key without a time is to end depends on when it is imported, which is no difference of the lines.
  const said = [hash, keyPrefix, orgId, { ...draft, expiresAt: values.expiresAt ?? line.expiresAt }];
  return { orgId, key: { hash, keyPrefix, draft, line: bytesToHex(hashKey(JSON.stringify(said))) } };
}

function parseLine(text: string): unknown {
  if (nestsTooDeep(new TextEncoder().encode(text))) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemsOf(line: Partial<ImportLine>, rules: Rules, now: number): FieldProblem[] {
  return [
    ...keyProblems(line, rules, now),
    ...secretProblems(line),
    ...prefixProblems(line, rules.config.keyPrefixes),
  ];
}

/** Texts that are shown to others, of which none may be the key. */
const SHOWN = ["keyPrefix", "name", "description"] as const;

function secretProblems(line: Partial<ImportLine>): FieldProblem[] {
  return SHOWN.filter((field) => {
    const text = line[field]?.trim() ?? "";
    return text !== "" && bytesToHex(hashKey(text)) === line.hash;
  }).map((field) => ({ field, problem: "Must not be the key itself" }));
}

function prefixProblems({ keyPrefix }: Partial<ImportLine>, keyPrefixes: readonly string[]): FieldProblem[] {
  if (keyPrefix === undefined) return [];
  // What begins so is read as a key of this gateway, checksum and all, and so would never be found.
  const own = prefixOf(keyPrefix, keyPrefixes);
  if (own === null) return [];
  return [{ field: "keyPrefix", problem: `Keys that begin with ${own}_ are this gateway's own` }];
}

function textOf(problems: readonly FieldProblem[]): string {
  return problems.map(({ field, problem }) => (field === "" ? problem : `${field}: ${problem}`)).join("; ");
}
