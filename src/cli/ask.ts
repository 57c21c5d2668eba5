import { ALERTS } from "../ops/alerts.ts";
import { QUESTIONS, type Question } from "../ops/questions.ts";
import type { Scope } from "../ops/sql.ts";
import type { AskCommand } from "./ask-arguments.ts";
import { queryDataset, type Row } from "./dataset.ts";
import { table } from "./table.ts";

type Print = (text: string) => void;

/** An alert has been found. */
const FOUND = 2;

/**
 * `ops ask`: answers a question by the metrics, or prints its query. Without a name it lists the questions; `alerts`
 * goes through all rules, and says by the exit code whether any has found something.
 */
export async function ask(command: AskCommand, print: Print): Promise<number> {
  const { question, access } = command;
  if (question === null) {
    print(
      table(
        ["QUESTION", "ASKS"],
        [...QUESTIONS, ALL_ALERTS].map(({ name, asks }) => [name, asks]),
      ),
    );
    return 0;
  }
  if (question === ALL_ALERTS.name) return askAlerts(command, print);
  const asked = QUESTIONS.find(({ name }) => name === question);
  if (asked === undefined) return 1;
  const sql = asked.sql(scopeOf(command, asked));
  if (access === null) print(`${sql}\n`);
  else printRows(await queryDataset(access, sql), command, print);
  return 0;
}

const ALL_ALERTS = { name: "alerts", asks: "Is there anything to wake somebody for?" };

/** What can be asked. */
export const NAMES: readonly string[] = [...QUESTIONS.map(({ name }) => name), ALL_ALERTS.name];

async function askAlerts(command: AskCommand, print: Print): Promise<number> {
  const { access } = command;
  let found = 0;
  for (const alert of ALERTS) {
    const sql = alert.sql(scopeOf(command, alert));
    if (access === null) print(`-- ${alert.name}: ${alert.asks}\n${sql};\n\n`);
    else {
      const rows = await queryDataset(access, sql);
      tellAlert(alert, rows, command, print);
      found += rows.length;
    }
  }
  return found > 0 ? FOUND : 0;
}

function tellAlert(
  { name, asks, remedy }: (typeof ALERTS)[number],
  rows: readonly Row[],
  command: AskCommand,
  print: Print,
): void {
  if (command.output === "json") print(`${JSON.stringify({ alert: name, rows })}\n`);
  else if (rows.length === 0) print(`${name}: nothing\n`);
  else {
    print(`${name}: ${asks} ${remedy}\n`);
    printRows(rows, command, print);
  }
}

function scopeOf({ dataset, minutes, orgId, keyId }: AskCommand, question: Question): Scope {
  return { dataset, minutes: minutes ?? question.minutes, orgId, keyId };
}

function printRows(rows: readonly Row[], { output }: AskCommand, print: Print): void {
  if (output === "json") return print(`${JSON.stringify(rows, null, 2)}\n`);
  const [first] = rows;
  if (first === undefined) return print("Nothing\n");
  const names = Object.keys(first);
  print(
    table(
      names,
      rows.map((row) => names.map((name) => cell(name, row[name]))),
    ),
  );
}

/** Moments are seconds since the epoch in the dataset; 0 is never. */
function cell(name: string, value: string | number | undefined): string | null {
  if (value === undefined || value === "") return null;
  if (!name.endsWith("At")) return String(value);
  return Number(value) === 0 ? null : new Date(Number(value) * 1000).toISOString().replace(".000Z", "Z");
}
