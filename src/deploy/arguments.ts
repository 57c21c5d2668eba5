import { parseArgs } from "node:util";
import { DeployError } from "./deploy-error.ts";
import { lineOf } from "../core/thrown.ts";

export const ENVIRONMENTS = ["staging", "production"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

export const USAGE = `npm run deploy -- --env staging|production [--dry-run] [--config FILE] [--url URL]
npm run deploy -- --env staging|production --rollback [VERSION]

Checks the environment's section of wrangler.toml and the API's document, creates what is missing, deploys by wrangler's
own commands, and asks /-/readyz. What is wrong is named, and then nothing is uploaded.

  --dry-run     does all but what changes something at Cloudflare
  --rollback    goes back to the version before, or to VERSION
  --config      another file than wrangler.toml
  --url         where the gateway answers, if not at its first route: an http or https URL, with a port if need be, and
                nothing behind it

Credentials are wrangler's: CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID, or "npx wrangler login".
Exit code 0: it is deployed and ready; 1: what ran before runs still; 2: it was deployed or went back, or may have, and
is not whole or not ready. A command of wrangler is ended after five minutes.
`;

export interface DeployCommand {
  readonly environment: Environment;
  readonly config: string;
  readonly dryRun: boolean;
  /** `null` for the first route. */
  readonly url: string | null;
  /** `null` for a deployment; empty for the version before. */
  readonly rollbackTo: string | null;
}

/** Reads the command line; `null` when it asks for help. Throws a {@link DeployError} that names what is wrong. */
export function readArguments(args: readonly string[]): DeployCommand | null {
  const { values, positionals } = parse(args);
  if (values.help) return null;
  const environment = ENVIRONMENTS.find((name) => name === values.env);
  if (environment === undefined) throw new DeployError(`--env must be ${ENVIRONMENTS.join(" or ")}`);
  const [version = "", ...more] = positionals;
  if (more.length > 0 || (version !== "" && !values.rollback)) {
    throw new DeployError(`What is ${positionals.at(-1)}? Only --rollback takes a version`);
  }
  if (values.rollback && values["dry-run"]) {
    throw new DeployError("--dry-run deploys nothing, so there is nothing to roll back");
  }
  if (version !== "" && !VERSION.test(version)) {
    throw new DeployError(
      `--rollback takes the id of a version, as npx wrangler versions list --env ${environment} tells them (is ${JSON.stringify(version)})`,
    );
  }
  if (values.url !== undefined && !isOrigin(values.url)) {
    throw new DeployError(
      `--url must be an http or https URL without a path, a user name, a query or a fragment (is ${JSON.stringify(values.url)})`,
    );
  }
  return {
    environment,
    config: values.config,
    dryRun: values["dry-run"],
    url: values.url?.replace(/\/$/, "") ?? null,
    rollbackTo: values.rollback ? version : null,
  };
}

/** A version of a Worker, as Cloudflare names it. */
const VERSION = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

function isOrigin(text: string): boolean {
  return /^https?:\/\/[^/?#@\s]+\/?$/i.test(text) && URL.canParse(text);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        env: { type: "string" },
        config: { type: "string", default: "wrangler.toml" },
        url: { type: "string" },
        "dry-run": { type: "boolean", default: false },
        rollback: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw new DeployError(lineOf(error));
  }
}
