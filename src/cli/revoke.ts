import { createInterface } from "node:readline";
import type { RevocationResult } from "../api-types/revocations.ts";
import { chunksOf } from "../core/concurrency.ts";
import { MAX_TARGETS } from "../core/organization/revocation.ts";
import type { RevokeCommand } from "./arguments.ts";
import { BrokenOff, CliError } from "./cli-error.ts";
import { OperatorClient } from "./client.ts";
import { ProgressBar } from "./progress-bar.ts";
import { withoutSecrets } from "../core/key/key-secret.ts";
import { table } from "./table.ts";
import { readTargets, type Target } from "./targets.ts";
import type { Terminal } from "./terminal.ts";

const HEADING = ["TARGET", "KEY", "STATUS", "REQUESTED", "EFFECTIVE", "VERSION"];

interface Summary {
  matched: number;
  confirmed: number;
  unconfirmed: number;
  notFound: number;
}

/** `revoke`: cuts keys off, shows how far it is, prints what became of each; the exit code tells the outcome. */
export async function revoke(
  command: RevokeCommand,
  print: (text: string) => void,
  terminal: Terminal,
): Promise<number> {
  const targets = await readTargets(command, terminal.stdin);
  if (!command.dryRun && !command.yes) await confirm(targets, terminal);
  const summary: Summary = { matched: 0, confirmed: 0, unconfirmed: 0, notFound: 0 };
  const results: RevocationResult[] = [];
  const bar = new ProgressBar(terminal.stderr);
  let failure: BrokenOff | null = null;
  try {
    for await (const { result, done, total } of send(command, targets)) {
      bar.show(done, total);
      count(summary, result);
      if (command.output === "ndjson") print(`${JSON.stringify(result)}\n`);
      else results.push(result);
    }
  } catch (error) {
    // Once the gateway has accepted anything, print its outcomes; count the others as not confirmed.
    if (!(error instanceof BrokenOff)) throw error;
    failure = error;
  } finally {
    bar.clear();
  }
  const { dryRun } = command;
  if (command.output === "ndjson") print(`${JSON.stringify({ dryRun, summary })}\n`);
  if (command.output === "json") print(`${JSON.stringify({ dryRun, summary, results }, null, 2)}\n`);
  if (command.output === "table") print(tableOf(targets, results, summary, dryRun));
  if (failure !== null) terminal.stderr.write(`${withoutSecrets(failure.message)}\n`);
  if (summary.unconfirmed > 0 || failure !== null) return 2;
  return summary.notFound > 0 ? 3 : 0;
}

/**
 * Sends the targets, in as many requests as the API needs; `target` of a result counts over all of them. Throws
 * {@link BrokenOff} when it fails after the gateway has taken some of them.
 */
async function* send(
  command: RevokeCommand,
  targets: readonly Target[],
): AsyncGenerator<{ result: RevocationResult; done: number; total: number }> {
  const { reason, dryRun } = command;
  const client = new OperatorClient(command);
  let done = 0;
  for (const [i, batch] of chunksOf(targets, MAX_TARGETS).entries()) {
    const first = i * MAX_TARGETS;
    const before = done;
    const later = targets.length - first - batch.length;
    try {
      for await (const line of client.revoke({ targets: batch.map(({ json }) => json), reason, dryRun })) {
        const { progress, ...result } = line;
        done++;
        yield {
          result: { ...result, target: first + result.target },
          done,
          total: before + progress.total + later,
        };
      }
    } catch (error) {
      if (i === 0 || !(error instanceof CliError) || error instanceof BrokenOff) throw error;
      throw new BrokenOff(
        `${error.message}. The first ${first} targets were answered; repeating the command for all of them is harmless`,
      );
    }
  }
}

/** Asks at a terminal; where nobody can answer, giving the command is the answer. */
async function confirm(targets: readonly Target[], { stdin, stderr }: Terminal): Promise<void> {
  if (!stdin.isTTY || !stderr.isTTY) return;
  const shown = targets.slice(0, 10).map(({ label }) => `  ${label}\n`);
  const more = targets.length > shown.length ? `  and ${targets.length - shown.length} more\n` : "";
  stderr.write(`To be revoked for good:\n${shown.join("")}${more}`);
  const dialogue = createInterface({ input: stdin, output: stderr });
  const answer = await new Promise<string>((resolve) => {
    // At the end of the input there is no answer, which is none to go on.
    dialogue.once("close", () => resolve(""));
    dialogue.question("Go on? [y/N] ", resolve);
  });
  dialogue.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError("Nothing was revoked");
}

function count(summary: Summary, { status }: RevocationResult): void {
  if (status === "not_found") summary.notFound++;
  else summary.matched++;
  if (status === "revoked") summary.confirmed++;
  if (status === "unconfirmed") summary.unconfirmed++;
}

function tableOf(
  targets: readonly Target[],
  results: readonly RevocationResult[],
  summary: Summary,
  dryRun: boolean,
): string {
  const rows = results
    .toSorted((a, b) => a.target - b.target)
    .map((result) => [
      targets[result.target]?.label ?? null,
      result.keyId,
      result.status,
      result.requestedAt,
      result.effectiveAt,
      result.version === null ? null : `${result.version}`,
    ]);
  const { matched, confirmed, unconfirmed, notFound } = summary;
  const counts = `${matched} matched, ${confirmed} revoked, ${unconfirmed} unconfirmed, ${notFound} not found`;
  return `${table(HEADING, rows)}\n${dryRun ? "Dry run, nothing was changed: " : ""}${counts}\n`;
}
