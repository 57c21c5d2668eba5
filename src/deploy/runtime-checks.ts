import type { Target } from "./configuration.ts";
import { isGivenId } from "./placeholder.ts";

/** What all tests run with. A section's own list takes the place of the one at the top of the file. */
const FLAGS = ["enable_request_signal", "nodejs_compat", "global_fetch_strictly_public"];
const COMPATIBILITY_DATE = "2026-11-01";
/** Less than the platform's own would break off comparisons and revocations of very many keys. */
const LEAST = { cpu_ms: 30_000, subrequests: 1000 } as const;

/** Fields that are checked here or elsewhere, or that change neither what the Worker does nor where its data go. */
const DECIDED: ReadonlySet<string> = new Set(
  `configPath userConfigPath topLevelName definedEnvironments targetEnvironment name main build dev rules tsconfig
   jsx_factory jsx_fragment base_dir no_bundle minify keep_names find_additional_modules preserve_file_names
   python_modules upload_source_maps version_metadata send_metrics dependencies_instrumentation compliance_region
   placement account_id compatibility_date compatibility_flags route routes workers_dev preview_urls vars secrets
   keep_vars limits cache kv_namespaces durable_objects ratelimits analytics_engine_datasets migrations observability
   logpush`.split(/\s+/),
);

const GETS_URLS = "what it gets holds whole URLs";
const SERVES_FILES = "files would be served without a look at their request";
const CHANGES_CODE = "the code would not be what was tested";
/** Why some of the others must not be there; the rest is nothing that the Worker uses. */
const REASONS: Readonly<Record<string, string>> = {
  tail_consumers: GETS_URLS,
  streaming_tail_consumers: GETS_URLS,
  logfwdr: GETS_URLS,
  assets: SERVES_FILES,
  site: SERVES_FILES,
  pages_build_output_dir: SERVES_FILES,
  previews: "the gateway would answer under other names, too",
  exports: "it takes the place of migrations, and may delete what the objects keep",
  unsafe: "nothing checks what it says",
  alias: CHANGES_CODE,
  define: CHANGES_CODE,
};

/** What is wrong with how the Worker is run, and with what else is bound to it. */
export function runtimeProblems(target: Target): string[] {
  const { compatibility_flags: flags, compatibility_date: date, cache, limits, account_id: account } = target;
  return [
    ...FLAGS.filter((flag) => !flags.includes(flag)).map((flag) => `compatibility_flags: ${flag} is missing`),
    ...flags
      .filter((flag) => !FLAGS.includes(flag))
      .map((flag) => `compatibility_flags: ${flag} is none that the gateway was tested with`),
    ...(date === COMPATIBILITY_DATE
      ? []
      : [
          `compatibility_date: must be ${COMPATIBILITY_DATE}, with which the gateway was tested (is ${date ?? "missing"})`,
        ]),
    ...(cache?.enabled === true
      ? ["cache: must not be enabled: an answer to one key is not for another"]
      : []),
    ...(["cpu_ms", "subrequests"] as const).flatMap((name) => {
      const limit = limits?.[name];
      return limit === undefined || limit >= LEAST[name]
        ? []
        : [`limits: ${name} must be at least ${LEAST[name]} (is ${limit})`];
    }),
    ...(target.keep_vars === true
      ? ["keep_vars: must be false: nothing checks the dashboard's variables"]
      : []),
    ...(account === undefined || isGivenId(account)
      ? []
      : [`account_id: ${JSON.stringify(account)} is a placeholder`]),
    ...undecidedProblems(target),
    ...observabilityProblems(target),
  ];
}

/** A field that nobody has decided on is refused, one that a later wrangler brings, too. */
function undecidedProblems(target: Target): string[] {
  return Object.entries(target)
    .filter(([name, value]) => !DECIDED.has(name) && isSet(value))
    .map(([name]) => `${name}: must not be set: ${REASONS[name] ?? "the gateway uses nothing of it"}`);
}

/** Whether a value says anything: empty lists and objects, and what wrangler puts in by itself, do not. */
function isSet(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(isSet);
  return value !== undefined && value !== null && value !== false;
}

/**
 * The platform's own lines of invocations hold whole URLs, and no setting of ours is asked for them. The gateway's own lines
 * say why somebody was refused, and nothing else does.
 */
function observabilityProblems({ observability, logpush }: Target): string[] {
  const { logs, traces } = observability ?? {};
  const logged = logs?.enabled ?? observability?.enabled === true;
  const isKept = logs?.persist !== false || (logs.destinations ?? []).length > 0;
  return [
    ...(logged
      ? []
      : [
          "observability: enabled must be true, and logs.enabled, too: without a log nobody can say what the gateway did",
        ]),
    ...(logged && !isKept
      ? ["observability: logs.persist must be true, or logs.destinations name where the log is kept"]
      : []),
    ...(logged && logs?.invocation_logs !== false
      ? ["observability: logs.invocation_logs must be false: the platform's invocation logs hold URLs"]
      : []),
    ...(logged && observability?.redact_query_string !== true
      ? ["observability: redact_query_string must be true: the platform adds its request's URL to every line"]
      : []),
    ...(logged && [observability?.head_sampling_rate, logs?.head_sampling_rate].some((rate = 1) => rate < 1)
      ? ["observability: head_sampling_rate must be 1: REQUEST_LOG says which lines there are"]
      : []),
    ...(traces?.enabled === true
      ? ["observability: traces.enabled must be false: the platform's traces hold URLs"]
      : []),
    ...(logpush === true ? ["logpush: must be false: what it pushes holds URLs"] : []),
  ];
}
