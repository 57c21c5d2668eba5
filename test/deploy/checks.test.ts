import { afterEach, describe, expect, test } from "vitest";
import { readArguments } from "../../src/deploy/arguments.ts";
import { problemsOf } from "../../src/deploy/checks.ts";
import { readOthers, readTarget } from "../../src/deploy/configuration.ts";
import { datasetHint, datasetNotice } from "../../src/deploy/dataset.ts";
import { FILLED_IN, writeConfig, type Replacement } from "../support/deployment.ts";

const COMMAND = { environment: "production", dryRun: false, url: null, rollbackTo: null } as const;
const written: (() => void)[] = [];
afterEach(() => {
  for (const remove of written.splice(0)) remove();
});

function problems(...replacements: readonly Replacement[]): string[] {
  const { path, remove } = writeConfig(...replacements);
  written.push(remove);
  const command = { ...COMMAND, config: path };
  return problemsOf(readTarget(command), readOthers(command));
}

/** The section filled in, with one more change. */
const but = (from: string, to: string): readonly Replacement[] => [...FILLED_IN, [from, to]];
const VARS = "[env.production.vars]\n";
const ID = (id: string): readonly Replacement[] =>
  but('binding = "KEY_RECORDS"', `binding = "KEY_RECORDS"\nid = "${id}"`);

test("the example is refused for everything in it that is an example", () => {
  expect(problems()).toEqual([
    "ORIGIN_URL: https://api.example.com is an example",
    "OIDC_ISSUER: https://login.example.com is an example",
    "routes: gateway.example.com is an example",
  ]);
});

test("filled in, it is let through", () => expect(problems(...FILLED_IN)).toEqual([]));

test.each<{ name: string; with: readonly Replacement[] }>([
  {
    name: "a route of a zone",
    with: but('{ pattern = "gateway.acme.dev", custom_domain = true }', '"gateway.acme.dev/*"'),
  },
  {
    name: "one route alone",
    with: but(
      'routes = [{ pattern = "gateway.acme.dev", custom_domain = true }]',
      'route = "gateway.acme.dev/*"',
    ),
  },
  { name: "a namespace that was created", with: ID("0f2ac74b498b48028cb68387c421e279") },
  {
    name: "an API whose name has such words in it",
    with: but("https://api.acme.dev", "https://api.todoist.com/yourself"),
  },
  { name: "settings in JSON", with: but(VARS, `${VARS}OIDC_ROLE_NAMES = '{"custody-admins": ["admin"]}'\n`) },
])("$name is let through", ({ with: changes }) => expect(problems(...changes)).toEqual([]));

describe("a section is refused, and what is wrong is named,", () => {
  test.each<{ name: string; with: readonly Replacement[]; says: RegExp }>([
    { name: "with the zero id", with: ID("0".repeat(32)), says: /^KEY_RECORDS: .* is a placeholder/ },
    { name: "with words for an id", with: ID("<your KV id>"), says: /^KEY_RECORDS: .* is a placeholder/ },
    { name: "with an id that is none", with: ID("abc"), says: /^KEY_RECORDS: .* is a placeholder/ },
    ...[
      "1".repeat(32),
      "deadbeef".repeat(4),
      "0123456789abcdef".repeat(2),
      `${"0".repeat(31)}1`,
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      "0F2AC74B498B48028CB68387C421E279",
    ].map((id) => ({ name: `with the id "${id}"`, with: ID(id), says: /^KEY_RECORDS: .* is a placeholder/ })),
    ...[
      "https://localhost:8788",
      "https://api.test",
      "https://API.EXAMPLE.COM.",
      "https://api.example.org/v1",
    ].map((url) => ({
      name: `with the example ${url}`,
      with: but("https://api.acme.dev", url),
      says: /^ORIGIN_URL: .* is an example$/,
    })),
    ...[
      "https://127.1",
      "https://0x7f000001",
      "https://2130706433",
      "https://0177.0.0.1",
      "https://[::1]",
      "https://[::ffff:10.0.0.1]",
      "https://[fd00::1]",
      "https://0.0.0.0",
      "https://169.254.169.254",
      "https://100.64.0.1",
      "https://api",
      "https://api.internal",
      "https://api.acme.local.",
      "https://10.0.0.1.nip.io",
    ].map((url) => ({
      name: `with the API at ${url}`,
      with: but("https://api.acme.dev", url),
      says: /^ORIGIN_URL: .* cannot be reached from Cloudflare/,
    })),
    ...[
      "HTTP://127.0.0.1:8788/oidc",
      "http://localhost:8788/oidc",
      "https://localhost:8788/oidc",
      "https://127.1:8788/oidc",
      "https://[::1]:8788/oidc",
    ].map((url) => ({
      name: `with the issuer ${url}`,
      with: but("https://login.acme.dev", url),
      says: /^OIDC_ISSUER: .* (?:must be https$|is an example$|cannot be reached)/,
    })),
    ...["https://gateway.acme.dev.", "https://Gateway.Acme.dev/v1", "https://gateway.acme.dev:8443"].map(
      (url) => ({
        name: `with its own route as ${url}`,
        with: but("https://api.acme.dev", url),
        says: /^ORIGIN_URL: .* is a route of the gateway/,
      }),
    ),
    {
      name: "with its own route as the issuer",
      with: but("https://login.acme.dev", "https://gateway.acme.dev"),
      says: /^OIDC_ISSUER: .* is a route of the gateway/,
    },
    {
      name: "with the API under a route of all names",
      with: but(
        '{ pattern = "gateway.acme.dev", custom_domain = true }',
        '{ pattern = "*api.acme.dev/*", zone_name = "acme.dev" }',
      ),
      says: /^ORIGIN_URL: .* is a route of the gateway/,
    },
    ...[
      "<your id>",
      "${CLIENT_ID}",
      "{{ client }}",
      "%CLIENT_ID%",
      "__CLIENT_ID__",
      "[client id]",
      "your-client",
      "YourTenant",
      "CHANGE_ME",
      "replace-this",
      "todo",
      "xxxx",
      "...",
    ].map((text) => ({
      name: `with the client "${text}"`,
      with: but(VARS, `${VARS}OIDC_CLIENT_ID = "${text}"\n`),
      says: /^OIDC_CLIENT_ID: .* is a placeholder$/,
    })),
    {
      name: "with a tenant to be filled in",
      with: but("https://login.acme.dev", "https://login.acme.dev/{tenant}/v2.0"),
      says: /^OIDC_ISSUER: .* is a placeholder$/,
    },
    {
      name: "with a secret among the variables",
      with: but(VARS, `${VARS}OIDC_CLIENT_SECRET = "s3cr3t"\n`),
      says: /^OIDC_CLIENT_SECRET: is a secret/,
    },
    {
      name: "with a variable that no setting has",
      with: but(VARS, `${VARS}ADMISSION_LEASE = "200"\n`),
      says: /^ADMISSION_LEASE: no setting has this name$/,
    },
    ...(
      [
        ["gateway.acme.dev/", /leaves out paths/],
        ["gateway.acme.dev", /leaves out paths/],
        ["http://gateway.acme.dev/*", /or https/],
        ["portcullis.acme.workers.dev/*", /is no name of yours$/],
        ["*.example.com/*", /is an example$/],
      ] as const
    ).map(([route, says]) => ({
      name: `with the route ${route}`,
      with: but('{ pattern = "gateway.acme.dev", custom_domain = true }', `"${route}"`),
      says,
    })),
    {
      name: "with addresses for previews",
      with: but("[env.production]\n", "[env.production]\npreview_urls = true\n"),
      says: /^preview_urls: must be false/,
    },
    {
      name: "with flags that leave one out",
      with: but(
        "[env.production]\n",
        '[env.production]\ncompatibility_flags = ["enable_request_signal", "nodejs_compat"]\n',
      ),
      says: /^compatibility_flags: global_fetch_strictly_public is missing$/,
    },
    {
      name: "with a cache in front",
      with: but(VARS, `[env.production.cache]\nenabled = true\n\n${VARS}`),
      says: /^cache: must not be enabled/,
    },
    {
      name: "with the platform's traces",
      with: but(
        VARS,
        `[env.production.observability]\ntraces = { enabled = true }\nlogs = { invocation_logs = false }\n\n${VARS}`,
      ),
      says: /^observability: traces.enabled must be false/,
    },
    {
      name: "with queries in what the platform adds to lines",
      with: but(
        VARS,
        `[env.production.observability]\nenabled = true\nlogs = { invocation_logs = false }\n\n${VARS}`,
      ),
      says: /^observability: redact_query_string must be true/,
    },
    {
      name: "with the platform's lines pushed elsewhere",
      with: but("[env.production]\n", "[env.production]\nlogpush = true\n"),
      says: /^logpush: must be false/,
    },
    {
      name: "with the objects of another Worker",
      with: but('class_name = "KeyGuard"', 'class_name = "KeyGuard"\nscript_name = "portcullis-staging"'),
      says: /^KEY_GUARD: must be the class KeyGuard of this Worker/,
    },
    {
      name: "with another class",
      with: but(
        'name = "DEPLOYMENT"\nclass_name = "Deployment"',
        'name = "DEPLOYMENT"\nclass_name = "Organization"',
      ),
      says: /^DEPLOYMENT: must be the class Deployment of this Worker/,
    },
    {
      name: "with words for the limiter's id",
      with: but('namespace_id = "1003"', 'namespace_id = "<id>"'),
      says: /^FAILURES: namespace_id .* must be a whole number$/,
    },
    ...(
      [
        ["the Worker", "[env.production]\n", '[env.production]\nname = "portcullis-staging"\n'],
        ["the dataset", "portcullis_production", "portcullis_staging"],
        ["the limiter", 'namespace_id = "1003"', 'namespace_id = "1002"'],
      ] as const
    ).map(([what, from, to]) => ({
      name: `with ${what} of staging`,
      with: but(from, to),
      says: /is that of staging, too$/,
    })),
    {
      name: "with words for a dataset",
      with: but('dataset = "portcullis_production"', 'dataset = "<your dataset>"'),
      says: /^METRICS: .* is no name of a dataset$/,
    },
    {
      name: "with the sample API",
      with: [
        ["https://api.example.com", "http://127.0.0.1:8788"],
        ...FILLED_IN.filter(([, to]) => !to.includes("api")),
      ],
      says: /^ORIGIN_URL: http:\/\/127.0.0.1:8788 must be https$/,
    },
    {
      name: "with an API inside",
      with: but("https://api.acme.dev", "https://10.0.0.1"),
      says: /^ORIGIN_URL: https:\/\/10.0.0.1 cannot be reached/,
    },
    {
      name: "with plain http",
      with: but("https://api.acme.dev", "http://api.acme.dev"),
      says: /^ORIGIN_URL: .* must be https$/,
    },
    {
      name: "with another origin by plain http",
      with: but(VARS, `${VARS}ORIGINS = '{"uploads": "http://uploads.acme.dev"}'\n`),
      says: /^ORIGINS uploads: .* must be https$/,
    },
    {
      name: "with the sample issuer",
      with: but("https://login.acme.dev", "http://127.0.0.1:8788/oidc"),
      says: /^OIDC_ISSUER: .* must be https$/,
    },
    {
      name: "with its own route as the API",
      with: but("https://api.acme.dev", "https://gateway.acme.dev/api"),
      says: /^ORIGIN_URL: .* is a route of the gateway/,
    },
    {
      name: "without a route",
      with: but('routes = [{ pattern = "gateway.acme.dev", custom_domain = true }]', ""),
      says: /^routes: there is none/,
    },
    {
      name: "with a route of some paths",
      with: but(
        '{ pattern = "gateway.acme.dev", custom_domain = true }',
        '{ pattern = "gateway.acme.dev/v1/*", zone_name = "acme.dev" }',
      ),
      says: /^routes: .* leaves out paths/,
    },
    {
      name: "with a control host that nothing leads to",
      with: but(VARS, `${VARS}CONTROL_HOSTNAME = "control.acme.dev"\n`),
      says: /^CONTROL_HOSTNAME: no route leads to control.acme.dev$/,
    },
    {
      name: "with workers.dev on",
      with: but("[env.production]\n", "[env.production]\nworkers_dev = true\n"),
      says: /^workers_dev: must be false/,
    },
    {
      name: "with a setting that cannot be",
      with: but(VARS, `${VARS}ADMISSION_LEASE_MS = "soon"\n`),
      says: /^ADMISSION_LEASE_MS must be a whole number/,
    },
    {
      name: "with a placeholder for a setting",
      with: but(VARS, `${VARS}OIDC_CLIENT_ID = "<client id>"\n`),
      says: /^OIDC_CLIENT_ID: "<client id>" is a placeholder$/,
    },
    {
      name: "without a binding",
      with: but(
        '[[env.production.ratelimits]]\nname = "FAILURES"',
        '[[env.production.ratelimits]]\nname = "OTHER"',
      ),
      says: /^FAILURES: the binding is missing/,
    },
    {
      name: "with another period of the failure limiter",
      with: but("period = 60", "period = 10"),
      says: /^FAILURES: the period must be 60/,
    },
    {
      name: "with the platform's invocation logs",
      with: but(
        VARS,
        `[env.production.observability]\nenabled = true\nredact_query_string = true\n\n${VARS}`,
      ),
      says: /^observability: logs.invocation_logs must be false/,
    },
  ])("$name", ({ with: changes, says }) => {
    const found = problems(...changes);
    expect(found).toEqual([expect.stringMatching(says)]);
  });

  test("with everything of another environment", () => {
    const { path, remove } = writeConfig(...ID("0f2ac74b498b48028cb68387c421e279"));
    written.push(remove);
    const target = readTarget({ ...COMMAND, config: path });
    expect(problemsOf(target, new Map([["staging", target]]))).toEqual([
      "name: portcullis-production is that of staging, too",
      "routes: gateway.acme.dev is that of staging, too",
      "KEY_RECORDS: 0f2ac74b498b48028cb68387c421e279 is that of staging, too",
      "METRICS: portcullis_production is that of staging, too",
      "FAILURES: 1003 is that of staging, too",
    ]);
  });

  test("without the setting that is required", () => {
    expect(problems(...FILLED_IN.slice(0, 2), ['OIDC_ISSUER = "https://login.example.com"\n', ""])).toEqual([
      expect.stringMatching(/^OIDC_ISSUER is required/),
    ]);
  });

  test("and all of it is named at once", () => {
    const found = problems(["gateway.example.com", "gateway.acme.dev"], [VARS, `${VARS}KEY_PREFIX = "NO"\n`]);
    expect(found.map((problem) => problem.split(/[: ]/)[0])).toEqual([
      "KEY_PREFIX",
      "ORIGIN_URL",
      "OIDC_ISSUER",
    ]);
  });
});

describe("the command line says what is wrong with it:", () => {
  test.each<[string[], RegExp]>([
    [[], /--env must be staging or production/],
    [["--env", "test"], /--env must be staging or production/],
    [["--env", "staging", "--force"], /--force/],
    [["--env", "staging", "now"], /What is now\?/],
    [["--env", "staging", "--rollback", "--dry-run"], /--dry-run/],
    [["--env", "staging", "--url", "gateway.acme.dev"], /--url must be/],
  ])("%j", (args, says) => expect(() => readArguments(args)).toThrow(says));
});

test("where metrics go is told, and what to do where the account has no datasets", () => {
  const { path, remove } = writeConfig(...FILLED_IN);
  written.push(remove);
  const target = readTarget({ ...COMMAND, config: path });
  expect(datasetNotice(target)).toContain("the dataset portcullis_production");
  expect(datasetNotice({ ...target, analytics_engine_datasets: [] })).toContain("No dataset is bound");
  expect(datasetHint("You need to enable Analytics Engine. [code: 10089]")).toEqual([
    expect.stringMatching(/^METRICS: enable Analytics Engine/),
  ]);
  expect(datasetHint("Authentication error [code: 10000]")).toEqual([]);
});
