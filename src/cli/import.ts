import { createReadStream } from "node:fs";
import type { ImportResult } from "../api-types/imports.ts";
import type { ImportCommand } from "./arguments.ts";
import { readLines } from "../core/http/ndjson.ts";
import { BrokenOff, CliError } from "./cli-error.ts";
import { OperatorClient } from "./client.ts";
import { factsOf, ImportProgress, type Done } from "./import-progress.ts";
import { ProgressBar } from "./progress-bar.ts";
import { table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

const HEADING = ["LINE", "KEY", "ERROR"];
/** Lines of one request: what a break in the middle makes the next run send again. */
const LINES_A_REQUEST = 100;

/** A line of the file, by its number from 1. */
interface FileLine {
  readonly line: number;
  readonly text: string;
}

/**
 * `import`: imports the keys of a file, goes on where an earlier run was broken off, and prints every line that was
 * refused, by that run, too.
 */
export async function importFile(
  command: ImportCommand,
  print: (text: string) => void,
  { stderr }: Terminal,
): Promise<number> {
  const { file, url } = command;
  const facts = await factsOf(file);
  const progress = new ImportProgress(file, facts, url);
  const done = await progress.earlier();
  const client = new OperatorClient(command);
  const bar = new ProgressBar(stderr);
  try {
    for await (const some of requestsOf(file, done.at(-1)?.upTo ?? 0)) {
      const sent = doneOf(some, await client.importKeys(some.map(({ text }) => text)));
      await progress.add(sent);
      done.push(sent);
      bar.show(sent.upTo, Math.max(facts.lines, sent.upTo));
    }
  } catch (error) {
    bar.clear();
    const upTo = done.at(-1)?.upTo ?? 0;
    if (!(error instanceof CliError) || (upTo === 0 && !(error instanceof BrokenOff))) throw error;
    stderr.write(`${error.message}\nDone up to line ${upTo}; the same command goes on from there.\n`);
    return 2;
  }
  bar.clear();
  await progress.end();
  return report(command, done, print, stderr);
}

/** Prints what was refused. */
function report(
  { output }: ImportCommand,
  done: readonly Done[],
  print: (text: string) => void,
  stderr: Terminal["stderr"],
): number {
  const refused = done.flatMap((each) => each.refused);
  const sum = (count: (each: Done) => number): number => done.reduce((total, each) => total + count(each), 0);
  const summary = {
    imported: sum(({ imported }) => imported),
    unchanged: sum(({ unchanged }) => unchanged),
    refused: refused.length,
  };
  if (output === "ndjson") {
    for (const each of [...refused, { summary }]) print(`${JSON.stringify(each)}\n`);
  }
  if (output === "json") print(`${JSON.stringify({ summary, refused }, null, 2)}\n`);
  if (output === "table" && refused.length > 0) print(table(HEADING, refused.map(rowOf)));
  stderr.write(`${summary.imported} imported, ${summary.unchanged} unchanged, ${summary.refused} refused\n`);
  return refused.length > 0 ? 3 : 0;
}

function rowOf({ line, keyId, error }: Done["refused"][number]): (string | null)[] {
  return [`${line}`, keyId, error];
}

/** The lines after one of them, as many together as one request takes; empty ones are left out. */
async function* requestsOf(file: string, after: number): AsyncGenerator<FileLine[]> {
  // Not `readline`: it ends lines at U+2028 and at a lone carriage return, too, which JSON may hold.
  const lines = readLines(createReadStream(file), Number.POSITIVE_INFINITY);
  let line = 0;
  let some: FileLine[] = [];
  for await (const read of lines) {
    line++;
    const text = read ?? "";
    if (line <= after || text.trim() === "") continue;
    some.push({ line, text });
    if (some.length < LINES_A_REQUEST) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}

function doneOf(sent: readonly FileLine[], results: readonly ImportResult[]): Done {
  const count = (status: ImportResult["status"]): number =>
    results.filter((result) => result.status === status).length;
  const refused = results.flatMap(({ status, keyId, error }, i) =>
    status === "refused" ? [{ line: sent[i]?.line ?? 0, keyId, error }] : [],
  );
  return {
    upTo: sent.at(-1)?.line ?? 0,
    imported: count("imported"),
    unchanged: count("unchanged"),
    refused,
  };
}
