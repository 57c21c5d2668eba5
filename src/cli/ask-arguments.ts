import { parseArgs } from "node:util";
import { isDataset, isId } from "../ops/sql.ts";
import { CliError } from "./cli-error.ts";
import type { DatasetAccess } from "./dataset.ts";
import { readTimeout } from "./silence.ts";
import { lineOf } from "../core/thrown.ts";

export interface AskCommand {
  readonly name: "ask";
  /** `null` to list what can be asked. */
  readonly question: string | null;
  readonly dataset: string;
  /** `null` for the question's own. */
  readonly minutes: number | null;
  readonly orgId: string | null;
  readonly keyId: string | null;
  readonly output: "table" | "json";
  /** `null` to print the query only. */
  readonly access: DatasetAccess | null;
}

const CLOUDFLARE = "https://api.cloudflare.com/client/v4";
const DEFAULT_DATASET = "portcullis_production";
/** A dataset keeps its points for three months. */
const MAX_HOURS = 92 * 24;

const OPTIONS = {
  hours: { type: "string" },
  org: { type: "string" },
  "key-id": { type: "string" },
  dataset: { type: "string", default: DEFAULT_DATASET },
  output: { type: "string", default: "table" },
  print: { type: "boolean", default: false },
  timeout: { type: "string", default: "60" },
  help: { type: "boolean", default: false },
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads what stands behind `ask`; `null` when only help is asked for. Throws a {@link CliError}. */
export function readAsk(args: string[], env: Environment, names: readonly string[]): AskCommand | null {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  const [question = null, ...more] = positionals;
  if (more.length > 0) throw new CliError("Ask one question at a time");
  if (question !== null && !names.includes(question)) {
    throw new CliError(`There is no question ${question}; there are ${names.join(", ")}`);
  }
  if (!isDataset(values.dataset)) throw new CliError("--dataset must be the name of a dataset");
  const { output } = values;
  if (output !== "table" && output !== "json") throw new CliError("--output must be table or json");
  return {
    name: "ask",
    question,
    dataset: values.dataset,
    minutes: values.hours === undefined ? null : minutesOf(values.hours),
    orgId: id("--org", values.org),
    keyId: id("--key-id", values["key-id"]),
    output,
    access: values.print || question === null ? null : accessOf(env, readTimeout(values.timeout)),
  };
}

function accessOf(env: Environment, timeoutMs: number): DatasetAccess {
  const account = env["CLOUDFLARE_ACCOUNT_ID"] ?? "";
  const token = env["CLOUDFLARE_API_TOKEN"] ?? "";
  if (!/^[0-9a-f]{32}$/.test(account) || token === "") {
    throw new CliError(
      "Put the account's id in CLOUDFLARE_ACCOUNT_ID and a token that may read its analytics in CLOUDFLARE_API_TOKEN; or --print the query",
    );
  }
  return { url: env["CLOUDFLARE_API_BASE_URL"] ?? CLOUDFLARE, account, token, timeoutMs };
}

function minutesOf(text: string): number {
  const hours = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(hours > 0 && hours <= MAX_HOURS)) throw new CliError(`--hours must be a number up to ${MAX_HOURS}`);
  return Math.max(1, Math.round(hours * 60));
}

function id(option: string, text: string | undefined): string | null {
  if (text === undefined) return null;
  if (!isId(text)) throw new CliError(`${option} is no id`);
  return text;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new CliError(lineOf(error));
  }
}
