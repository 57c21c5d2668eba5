import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { NAMES } from "./ask.ts";
import { readAsk, type AskCommand } from "./ask-arguments.ts";
import { ORG_ID } from "../core/organization/organization.ts";
import { lineOf } from "../core/thrown.ts";
import { CliError } from "./cli-error.ts";
import { withoutSecrets } from "../core/key/key-secret.ts";
import { holdsSecret } from "./secrets.ts";
import { readTimeout } from "./silence.ts";

export const USAGE = `Usage:
  npm run -s ops -- revoke [--reason TEXT] [--key-id ID]... [--owner ORG/OWNER]... [--org ORG]... [--file FILE|-]
                           [--dry-run] [--yes] [--output table|json|ndjson] [--url URL] [--token TOKEN] [--timeout S]
  npm run -s ops -- list   [--status unconfirmed|confirmed|all] [--output table|json|ndjson] [--url URL] [--token TOKEN] [--timeout S]
  npm run -s ops -- reconcile [--org ORG] [--fix] [--from ORG[/CURSOR]] [--output table|json|ndjson] [--url URL] [--token TOKEN] [--timeout S]
  npm run -s ops -- import FILE [--output table|json|ndjson] [--url URL] [--token TOKEN] [--timeout S]
  npm run -s ops -- ask [QUESTION|alerts] [--hours N] [--org ORG] [--key-id ID] [--dataset NAME] [--output table|json] [--print]
                           [--timeout S]

revoke cuts keys off for good, of any owner and organisation; list shows what is still being retried, or was done;
reconcile compares what organisations have on record of keys with their guards and KV, which a restored database needs;
import brings in keys that were made elsewhere, a line of JSON for each, and prints every line that is refused;
ask answers questions by the metrics (METRICS) over Cloudflare's API, by CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN;
without a question it lists them, --print prints the query.

  --file     key ids, whole keys or JSON targets, a line each; - reads standard input. Whole keys are taken here alone:
             on a command line every user of the machine could see them.
  --token    an identity token with the scope portcullis:ops; better in PORTCULLIS_TOKEN, for the same reason
  --url      the gateway; PORTCULLIS_URL, or http://127.0.0.1:8787
  --timeout  gives up once nothing has come for so many seconds: 60, of reconcile 180
  --dry-run  only tells what would be revoked
  --yes      does not ask
  --fix      settles every difference on the side of less access; keys that only a guard knows are revoked
  --from     goes on where a reconcile was broken off, as it said itself

Exit code: 0 all confirmed · 1 wrong usage, no access, no connection · 2 some unconfirmed, they are being retried, or
no answer came, or it broke off half-way: what is known is printed, and repeating the command is harmless · 3 some not found
Of ask: 0 answered, or alerts found nothing; 2 alerts found something
Of import: 0 every line is imported · 2 it was broken off, and the same command goes on (FILE.progress says where) ·
3 some lines were refused
Of reconcile: 0 all was compared, and nothing differs or all is settled · 1 all was compared and differences remain, or
what 1 means above · 2 it was broken off half-way, or an organisation could not be compared, whether or not anything else
differs; what is printed is done, and --from goes on there
`;

const DEFAULT_URL = "http://127.0.0.1:8787";
const DEFAULT_REASON = "Emergency revocation";
const DEFAULT_TIMEOUT = "60";
/** A page of guards that do not answer takes so long, and may say nothing meanwhile. */
const RECONCILE_TIMEOUT = "180";
const OUTPUTS = ["table", "json", "ndjson"] as const;
const STATUSES = ["unconfirmed", "confirmed", "all"] as const;

type Output = (typeof OUTPUTS)[number];

interface Common {
  readonly url: string;
  readonly token: string;
  /** How long nothing may come before a request is given up. */
  readonly timeoutMs: number;
  readonly output: Output;
}

export interface RevokeCommand extends Common {
  readonly name: "revoke";
  readonly reason: string;
  readonly keyIds: readonly string[];
  /** As `ORG/OWNER`. */
  readonly owners: readonly string[];
  readonly orgs: readonly string[];
  readonly file: string | null;
  readonly dryRun: boolean;
  readonly yes: boolean;
}

export interface ListCommand extends Common {
  readonly name: "list";
  readonly status: (typeof STATUSES)[number];
}

export interface ReconcileCommand extends Common {
  readonly name: "reconcile";
  /** `null` for all organisations. */
  readonly org: string | null;
  readonly fix: boolean;
  /** `null` for the beginning. */
  readonly from: Place | null;
}

/** Where a comparison goes on: an organisation, and within it the gateway's cursor. */
export interface Place {
  readonly orgId: string;
  readonly cursor: string | null;
}

export interface ImportCommand extends Common {
  readonly name: "import";
  readonly file: string;
}

type Command =
  | RevokeCommand
  | ListCommand
  | ReconcileCommand
  | ImportCommand
  | AskCommand
  | { readonly name: "help" };

const COMMON = {
  url: { type: "string" },
  token: { type: "string" },
  timeout: { type: "string", default: DEFAULT_TIMEOUT },
  output: { type: "string", default: "table" },
  help: { type: "boolean", default: false },
} as const satisfies ParseArgsOptionsConfig;

const REVOKE = {
  ...COMMON,
  reason: { type: "string", default: DEFAULT_REASON },
  "key-id": { type: "string", multiple: true, default: [] },
  owner: { type: "string", multiple: true, default: [] },
  org: { type: "string", multiple: true, default: [] },
  file: { type: "string" },
  "dry-run": { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
} as const satisfies ParseArgsOptionsConfig;

const LIST = {
  ...COMMON,
  status: { type: "string", default: "unconfirmed" },
} as const satisfies ParseArgsOptionsConfig;

const RECONCILE = {
  ...COMMON,
  timeout: { type: "string", default: RECONCILE_TIMEOUT },
  org: { type: "string" },
  fix: { type: "boolean", default: false },
  from: { type: "string" },
} as const satisfies ParseArgsOptionsConfig;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the command line; throws a {@link CliError} that says what is wrong with it, without repeating a secret. */
export function readCommand(args: readonly string[], env: Environment): Command {
  // The identity token has its own option; every other argument that holds a secret is a mistake.
  const exposed = args.find((arg, i) => {
    return args[i - 1] !== "--token" && !arg.startsWith("--token=") && holdsSecret(arg);
  });
  if (exposed !== undefined) {
    throw new CliError(
      `A whole key or token does not belong on the command line, where others can see it: give it with --file (${withoutSecrets(exposed)})`,
    );
  }
  const [name, ...rest] = args;
  if (name === "revoke") return readRevoke(rest, env);
  if (name === "list") return readList(rest, env);
  if (name === "reconcile") return readReconcile(rest, env);
  if (name === "import") return readImport(rest, env);
  if (name === "ask") return readAsk(rest, env, NAMES) ?? { name: "help" };
  if (name === "help" || name === "--help") return { name: "help" };
  throw new CliError(
    name === undefined
      ? "Say what to do: revoke, list, reconcile, import or ask"
      : `There is no command ${name}`,
  );
}

function readRevoke(args: string[], env: Environment): Command {
  const values = parse(() => parseArgs({ args, options: REVOKE }).values);
  if (values.help) return { name: "help" };
  const { "key-id": keyIds, owner: owners, org: orgs, file = null } = values;
  if (keyIds.length + owners.length + orgs.length === 0 && file === null) {
    throw new CliError("Say what to revoke: --key-id, --owner, --org or --file");
  }
  return {
    name: "revoke",
    ...readCommon(values, env),
    reason: values.reason,
    keyIds,
    owners,
    orgs,
    file,
    dryRun: values["dry-run"],
    yes: values.yes,
  };
}

function readList(args: string[], env: Environment): Command {
  const values = parse(() => parseArgs({ args, options: LIST }).values);
  if (values.help) return { name: "help" };
  return { name: "list", ...readCommon(values, env), status: oneOf(STATUSES, "--status", values.status) };
}

function readReconcile(args: string[], env: Environment): Command {
  const values = parse(() => parseArgs({ args, options: RECONCILE }).values);
  if (values.help) return { name: "help" };
  const { org = null, fix } = values;
  const from = values.from === undefined ? null : readPlace(values.from);
  if (org !== null && !ORG_ID.test(org)) throw new CliError("--org must be the id of an organisation");
  if (org !== null && from !== null && from.orgId !== org) {
    throw new CliError("--from is in another organisation than --org");
  }
  return { name: "reconcile", ...readCommon(values, env), org, fix, from };
}

function readPlace(text: string): Place {
  const [orgId = "", cursor = null, ...more] = text.split("/");
  if (!ORG_ID.test(orgId) || cursor === "" || more.length > 0) {
    throw new CliError("--from must be ORG or ORG/CURSOR, as a reconcile that was broken off has said");
  }
  return { orgId, cursor };
}

function readImport(args: string[], env: Environment): Command {
  const { values, positionals } = parse(() => parseArgs({ args, options: COMMON, allowPositionals: true }));
  if (values.help) return { name: "help" };
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw new CliError("Name one file to import");
  return { name: "import", ...readCommon(values, env), file };
}

function readCommon(
  values: {
    readonly url?: string;
    readonly token?: string;
    readonly timeout: string;
    readonly output: string;
  },
  env: Environment,
): Common {
  const token = values.token ?? env["PORTCULLIS_TOKEN"] ?? "";
  if (token === "")
    throw new CliError("Put an identity token with the scope portcullis:ops in PORTCULLIS_TOKEN");
  const url = values.url ?? env["PORTCULLIS_URL"] ?? DEFAULT_URL;
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new CliError("The token must be one word, without spaces or line breaks");
  return {
    url: readUrl(url),
    token,
    timeoutMs: readTimeout(values.timeout),
    output: oneOf(OUTPUTS, "--output", values.output),
  };
}

/** The gateway's origin: nothing else of a URL would reach it as it is meant. */
function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new CliError("--url must be an http or https URL");
  if (url.username !== "" || url.password !== "")
    throw new CliError("--url must hold no user name or password");
  if (/^\/+$/.test(url.pathname) && !/[?#]/.test(text)) return url.origin;
  throw new CliError("--url must be the gateway's origin alone, without a path, a query or a fragment");
}

function oneOf<T extends string>(allowed: readonly T[], option: string, value: string): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new CliError(`${option} must be one of ${allowed.join(", ")}`);
  return found;
}

/** What `parseArgs` finds wrong is the user's to put right. */
function parse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CliError(lineOf(error));
  }
}
