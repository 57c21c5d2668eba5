/** Compiles the files that the settings name to the table, and reports all findings. */

import { relative } from "node:path";
import type { PolicyTable } from "../core/policy/route-policy.ts";
import { compileDocument } from "./compile.ts";
import { Findings } from "./problem.ts";
import { isUrl, readSources, SAMPLE_DOCUMENT, sourcesOf, type Sources } from "./read-files.ts";
import { warnOfOrigins } from "./origins.ts";

export interface Compiled {
  readonly sources: Sources;
  readonly isSample: boolean;
  readonly table: PolicyTable;
  readonly findings: Findings;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** Compiles the API's document by `API_DOCUMENT`, `API_OVERLAY` and `ORIGINS`. */
export async function compileFiles(variables: Variables): Promise<Compiled> {
  const findings = new Findings();
  const sources = sourcesOf(variables);
  const document = await readSources(sources, findings);
  const table =
    document === null ? { basePath: "", types: [], operations: [] } : compileDocument(document, findings);
  warnOfOrigins(table, variables["ORIGINS"], findings);
  return { sources, isSample: sources.document === SAMPLE_DOCUMENT, table, findings };
}

/** The files by name, as somebody at the keyboard would write them. */
export function nameOf({ document, overlay }: Sources): string {
  const short = (file: string) => {
    const path = relative(process.cwd(), file);
    return path.startsWith("..") || isUrl(file) ? file : path;
  };
  return overlay === null ? short(document) : `${short(document)} with ${short(overlay)}`;
}
