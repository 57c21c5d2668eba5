import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { isGivenId } from "../../src/deploy/placeholder.ts";
import { readArguments } from "../../src/deploy/arguments.ts";
import { problemsOf } from "../../src/deploy/checks.ts";
import { readOthers, readTarget } from "../../src/deploy/configuration.ts";
import { datasetHint, datasetNotice } from "../../src/deploy/dataset.ts";
import { FILLED_IN, writeConfig, type Replacement } from "../support/deployment.ts";
import { readJson } from "../support/json.ts";

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

/** What wrangler reads of a section. */
const FIELDS = readJson<{ definitions: { RawConfig: { properties: Record<string, object> } } }>(
  readFileSync(join(import.meta.dirname, "../../node_modules/wrangler/config-schema.json"), "utf8"),
).definitions.RawConfig.properties;
/** Those that a deployment needs, that are checked by what they say, or that only the build goes by. */
const DECIDED =
  `$schema env keep_vars dependencies_instrumentation account_id analytics_engine_datasets base_dir build cache compatibility_date compatibility_flags
  compliance_region dev durable_objects find_additional_modules jsx_factory jsx_fragment keep_names kv_namespaces limits
  logpush main migrations minify name no_bundle observability placement preserve_file_names preview_urls python_modules
  ratelimits route routes rules secrets send_metrics tsconfig upload_source_maps vars version_metadata
  workers_dev`.split(/\s+/);
const MIGRATIONS = [
  'tag = "v1"\nnew_sqlite_classes = ["KeyGuard", "Organization"]',
  'tag = "v2"\nnew_sqlite_classes = ["Deployment"]',
];

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
  {
    name: "a route of a zone that is named",
    with: but('"gateway.acme.dev", custom_domain = true', '"gateway.acme.dev/*", zone_name = "acme.dev"'),
  },
  {
    name: "a tenant's issuer",
    with: but(
      "https://login.acme.dev",
      "https://login.microsoftonline.com/9b1f6c2e-83d4-4f0a-b7a5-1c2d9e64f0a3/v2.0",
    ),
  },
  {
    name: "names of claims",
    with: but(VARS, `${VARS}OIDC_ORG_CLAIM = "tenant_id"\nOIDC_NAME_CLAIM = "name"\n`),
  },
  { name: "pages that may call", with: but(VARS, `${VARS}CORS_ORIGINS = "https://app.acme.dev"\n`) },
  {
    name: "more room for CPU",
    with: but("[env.production]\n", "[env.production]\nlimits = { cpu_ms = 60000 }\n"),
  },
  {
    name: "a log that is kept elsewhere",
    with: but(
      VARS,
      `[env.production.observability]\nenabled = true\nredact_query_string = true\nlogs = { invocation_logs = false, persist = false, destinations = ["our-logs"] }\n\n${VARS}`,
    ),
  },
  { name: "another audience", with: but(VARS, `${VARS}ORIGIN_AUDIENCE = "urn:acme:custody"\n`) },
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
      "00112233445566778899aabbccddeeff",
      "0123456789abcdeffedcba9876543210",
      "12345678901234567890123456789012",
      "a1b2c3d4e5f60718293a4b5c6d7e8f90",
      "abc123abc123abc123abc123abc123ab",
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
    ...["OIDC_CLIENT_SECRET", "ORIGIN_AUTHORIZATION", "ORIGIN_AUTHORIZATION_UPLOADS"].map((name) => ({
      name: `with ${name} empty among the variables`,
      with: but(VARS, `${VARS}${name} = ""\n`),
      says: new RegExp(`^${name}: is a secret, and no variable`),
    })),
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
        ["*.example.net/*", /is an example$/],
        ["gateway.domain.com/*", /is an example$/],
        ["gateway.contoso.com/*", /is an example$/],
        ["example.acme.dev/*", /is an example$/],
        ["<name>.acme.dev/*", /is a placeholder$/],
        ["YOUR-DOMAIN.com/*", /is a placeholder$/],
        ["gateway.mydomain.dev/*", /is a placeholder$/],
        ["TENANT.acme.dev/*", /is a placeholder$/],
        ["sub-domain.acme.dev/*", /is a placeholder$/],
        ["{host}.acme.dev/*", /is a placeholder$/],
        ["*.io/*", /names no host of yours$/],
      ] as const
    ).map(([route, says]) => ({
      name: `with the route ${route}`,
      with: but('{ pattern = "gateway.acme.dev", custom_domain = true }', `"${route}"`),
      says,
    })),
    ...(
      [
        [
          'pattern = "gateway.acme.dev/*", zone_name = "example.com"',
          /the zone_name example.com .* placeholder$/,
        ],
        ['pattern = "gateway.acme.dev/*", zone_name = "<zone>"', /the zone_name <zone> .* placeholder$/],
        ['pattern = "gateway.acme.dev/*", zone_name = "acme.com"', /is not in the zone acme.com$/],
        ['pattern = "gateway.acme.dev/*", zone_name = "me.dev"', /is not in the zone me.dev$/],
        ['pattern = "gateway.acme.dev/*", zone_id = "ZONE_ID"', /the zone_id "ZONE_ID" .* placeholder$/],
        [`pattern = "gateway.acme.dev/*", zone_id = "${"0".repeat(32)}"`, /the zone_id .* placeholder$/],
        ['pattern = "gateway.acme.dev", custom_domain = true, enabled = false', /is switched off$/],
        ['pattern = "gateway.acme.dev", custom_domain = true, previews_enabled = true', /previews_enabled/],
      ] as const
    ).map(([route, says]) => ({
      name: `with the route ${route}`,
      with: but('pattern = "gateway.acme.dev", custom_domain = true', route),
      says: new RegExp(`^routes: .*${says.source}`),
    })),
    ...["my-worker", "worker-name", "hello-world", "worker", "your-gateway"].map((name) => ({
      name: `with the name "${name}"`,
      with: but("[env.production]\n", `[env.production]\nname = "${name}"\n`),
      says: /^name: .* is a placeholder$/,
    })),
    ...[
      "https://login.microsoftonline.com/TENANT/v2.0",
      "https://login.microsoftonline.com/tenant/v2.0",
      "https://login.microsoftonline.com/tenant-id/v2.0",
      "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000000/v2.0",
      "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
      "https://login.microsoftonline.com/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee/v2.0",
      "https://login.microsoftonline.com/12345678-1234-1234-1234-123456789012/v2.0",
      "https://cognito-idp.REGION.amazonaws.com/POOL_ID",
      "https://dev-123456.okta.com/oauth2/default",
      "https://login.acme.dev/realms/myrealm",
      "https://TENANT_NAME.eu.auth0.com/",
    ].map((url) => ({
      name: `with the issuer ${url}`,
      with: but("https://login.acme.dev", url),
      says: /^OIDC_ISSUER: .* is a placeholder$/,
    })),
    ...["https://login.domain.com", "https://example.okta.com", "https://contoso.b2clogin.com/x"].map(
      (url) => ({
        name: `with the issuer ${url}`,
        with: but("https://login.acme.dev", url),
        says: /^OIDC_ISSUER: .* is an example$/,
      }),
    ),
    ...(
      [
        ["ORIGIN_AUDIENCE", "https://api.example.com", "is an example"],
        ["ORIGIN_AUDIENCE", "ORIGIN_AUDIENCE", "is a placeholder"],
        ["ORIGIN_AUDIENCE", "api://<tenant>/api", "is a placeholder"],
        ["CORS_ORIGINS", "https://app.acme.dev, https://app.example.com", "is an example"],
        ["CORS_ORIGINS", "http://localhost:3000", "must be https"],
        ["CORS_ORIGINS", "https://app.acme.dev,http://app.acme.dev", "must be https"],
        ["OIDC_AUDIENCE", "api://00000000-0000-0000-0000-000000000000", "is a placeholder"],
        ["OIDC_RESOURCE", "https://api.yourdomain.com", "is a placeholder"],
        ["OIDC_ORG", "tenant", "is a placeholder"],
        ["OIDC_CLIENT_ID", "client-id", "is a placeholder"],
        ["OIDC_CLIENT_ID", "OIDC_CLIENT_ID", "is a placeholder"],
        ["OIDC_ROLES_CLAIM", "https://example.com/roles", "is an example"],
      ] as const
    ).map(([name, value, says]) => ({
      name: `with ${name} = "${value}"`,
      with: but(VARS, `${VARS}${name} = "${value}"\n`),
      says: new RegExp(`^${name}: .*${says}$`),
    })),
    {
      name: "with a flag that contradicts another",
      with: but(
        "[env.production]\n",
        '[env.production]\ncompatibility_flags = ["enable_request_signal", "nodejs_compat", "global_fetch_strictly_public", "global_fetch_private_origin"]\n',
      ),
      says: /^compatibility_flags: global_fetch_private_origin is none/,
    },
    ...["2024-01-01", "2026-12-01"].map((date) => ({
      name: `with the compatibility date ${date}`,
      with: but("[env.production]\n", `[env.production]\ncompatibility_date = "${date}"\n`),
      says: /^compatibility_date: must be 2026-11-01/,
    })),
    ...(
      [
        ['main = "/tmp/other.js"', /^main: must be src\/worker.ts of this directory/],
        ['build = { command = "" }', /^build: command must be "npm run -s build"/],
        ['build = { command = "npm run -s build || true" }', /^build: command must be "npm run -s build"/],
        ['build = { command = "npm run -s build", cwd = "/tmp" }', /^build: cwd must be this directory/],
        ["no_bundle = true", /^no_bundle: must not be set/],
        ['rules = [{ type = "Text", globs = ["**/*.ts"] }]', /^rules: must not be set/],
        ['tsconfig = "other.json"', /^tsconfig: must not be set/],
        ['base_dir = "/tmp"', /^base_dir: must not be set/],
        ["find_additional_modules = true", /^find_additional_modules: must not be set/],
        ['jsx_factory = "h"', /^jsx_factory: must not be set/],
        ["limits = { cpu_ms = 50 }", /^limits: cpu_ms must be at least/],
        ["limits = { subrequests = 50 }", /^limits: subrequests must be at least/],
        ['account_id = "0123456789abcdef0123456789abcdef"', /^account_id: .* is a placeholder$/],
        ['tail_consumers = [{ service = "logs" }]', /^tail_consumers: must not be set: .* URLs/],
        ['streaming_tail_consumers = [{ service = "logs" }]', /^streaming_tail_consumers: .* URLs/],
        ['assets = { directory = "public" }', /^assets: must not be set: files/],
        ['services = [{ binding = "X", service = "x" }]', /^services: must not be set/],
      ] as const
    ).map(([text, says]) => ({
      name: `with ${text}`,
      with: but("[env.production]\n", `[env.production]\n${text}\n`),
      says,
    })),
    ...(
      [
        ['tag = "v3"\ndeleted_classes = ["Organization"]', /^migrations v3: must have no deleted_classes/],
        [
          'tag = "v3"\nrenamed_classes = [{ from = "Organization", to = "Org" }]',
          /^migrations v3: must have no renamed_classes/,
        ],
        [
          'tag = "v3"\ntransferred_classes = [{ from = "A", from_script = "b", to = "Organization" }]',
          /^migrations v3: must have no transferred_classes/,
        ],
        ['tag = "v3"\nnew_classes = ["Other"]', /^migrations v3: Other must be one of new_sqlite_classes/],
        ['tag = "v3"\nnew_sqlite_classes = ["Deployment"]', /^migrations: Deployment must be made by one/],
        ['tag = "v1"', /^migrations: there are two with the tag "v1"/],
      ] as const
    ).map(([migration, says]) => ({
      name: `with the migration ${migration}`,
      with: but(
        VARS,
        `${[...MIGRATIONS, migration].map((each) => `[[env.production.migrations]]\n${each}\n`).join("\n")}\n${VARS}`,
      ),
      says,
    })),
    {
      name: "with migrations that leave a class out",
      with: but(VARS, `[[env.production.migrations]]\n${MIGRATIONS[0]}\n\n${VARS}`),
      says: /^migrations: Deployment must be made by one of them \(is by 0\)$/,
    },
    ...[0, 5, 100_000].map((limit) => ({
      name: `with ${limit} failures a minute`,
      with: but("limit = 60", `limit = ${limit}`),
      says: /^FAILURES: the limit must be a whole number from 10 to 1000/,
    })),
    {
      name: "with lines that are left out",
      with: but(
        VARS,
        `[env.production.observability]\nenabled = true\nredact_query_string = true\nhead_sampling_rate = 0.1\nlogs = { invocation_logs = false }\n\n${VARS}`,
      ),
      says: /^observability: head_sampling_rate must be 1/,
    },
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
        `[env.production.observability]\nenabled = true\nredact_query_string = true\ntraces = { enabled = true }\nlogs = { invocation_logs = false }\n\n${VARS}`,
      ),
      says: /^observability: traces.enabled must be false/,
    },
    ...(
      [
        ["enabled = false", /^observability: enabled must be true/],
        ["enabled = true\nlogs = { enabled = false }", /^observability: enabled must be true/],
        [
          "enabled = true\nredact_query_string = true\nlogs = { invocation_logs = false, persist = false }",
          /^observability: logs.persist must be true, or logs.destinations/,
        ],
      ] as const
    ).map(([lines, says]) => ({
      name: `without a log that is kept: ${JSON.stringify(lines)}`,
      with: but(VARS, `[env.production.observability]\n${lines}\n\n${VARS}`),
      says,
    })),
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
      name: "with a setting that is no text",
      with: but(VARS, `${VARS}RATE_LIMIT_REQUESTS = 500\n`),
      says: /^RATE_LIMIT_REQUESTS must be a text, in quotes \(is 500\)$/,
    },
    {
      name: "a longest lease that is not the longest",
      with: but(VARS, `${VARS}ADMISSION_LEASE_MS = "2000"\nADMISSION_LEASE_MAX_MS = "1000"\n`),
      says: /^ADMISSION_LEASE_MS must not be longer than ADMISSION_LEASE_MAX_MS/,
    },
    {
      name: "a slack that leaves nothing of a lease",
      with: but(VARS, `${VARS}LEASE_SLACK_MS = "200"\n`),
      says: /^LEASE_SLACK_MS must be less than ADMISSION_LEASE_MS/,
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

  test("with a second limiter that counts the same", () => {
    const other = `[[env.production.ratelimits]]\nname = "OTHER"\nnamespace_id = "1003"\nsimple = { limit = 1, period = 10 }\n\n`;
    expect(problems(...but(VARS, `${other}${VARS}`))).toEqual([
      "OTHER: namespace_id 1003 is that of FAILURES, too",
      "FAILURES: namespace_id 1003 is that of OTHER, too",
    ]);
  });

  test("with a route that takes in another environment's", () => {
    const route = ["gateway.acme.dev", "*gate.acme.dev/*"] as const;
    const { path, remove } = writeConfig(...FILLED_IN, [
      `{ pattern = "${route[0]}", custom_domain = true }`,
      `"${route[1]}"`,
    ]);
    written.push(remove);
    const target = readTarget({ ...COMMAND, config: path });
    const staging = {
      ...target,
      name: "s",
      kv_namespaces: [],
      ratelimits: [],
      analytics_engine_datasets: [],
    };
    const others = new Map([["staging" as const, { ...staging, routes: ["staging-gate.acme.dev/*"] }]]);
    expect(problemsOf(target, others)).toEqual(["routes: *gate.acme.dev is that of staging, too"]);
  });

  test("with the variables of the dashboard", () => {
    const { path, remove } = writeConfig(...FILLED_IN);
    written.push(remove);
    const target = { ...readTarget({ ...COMMAND, config: path }), keep_vars: true };
    expect(problemsOf(target)).toEqual([expect.stringMatching(/^keep_vars: must be false/)]);
  });

  test.each(Object.keys(FIELDS).filter((name) => !DECIDED.includes(name)))(
    "with %s, which nobody has decided on",
    (name) => {
      const { path, remove } = writeConfig(...FILLED_IN);
      written.push(remove);
      const target = { ...readTarget({ ...COMMAND, config: path }), [name]: [{ binding: "X" }] };
      expect(problemsOf(target)).toEqual([expect.stringMatching(new RegExp(`^${name}: must not be set: `))]);
    },
  );

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

test("an id that is drawn at random is taken for one", () => {
  const ids = Array.from({ length: 2000 }, () => crypto.randomUUID().replaceAll("-", ""));
  expect(ids.filter((id) => !isGivenId(id))).toEqual([]);
});

describe("the command line says what is wrong with it:", () => {
  test.each<[string[], RegExp]>([
    [[], /--env must be staging or production/],
    [["--env", "test"], /--env must be staging or production/],
    [["--env", "staging", "--force"], /--force/],
    [["--env", "staging", "now"], /What is now\?/],
    [["--env", "staging", "--rollback", "--dry-run"], /--dry-run/],
    ...[
      "gateway.acme.dev",
      "https://gateway.acme.dev/v1",
      "https://me@gateway.acme.dev",
      "http://[::1",
      "ftp://a",
      "",
    ].map((url): [string[], RegExp] => [["--env", "staging", "--url", url], /--url must be/]),
    ...["--name=other", "latest", "../x"].map((version): [string[], RegExp] => [
      ["--env", "staging", "--rollback", "--", version],
      /--rollback takes the id of a version/,
    ]),
    [["--env", "staging", "--url", "-1"], /^[^\n]*--url[^\n]*$/],
  ])("%j", (args, says) => expect(() => readArguments(args)).toThrow(says));
});

test.each([import.meta.dirname, "nowhere.toml", "package.json.bak", import.meta.filename, ""])(
  "the file %j is none to deploy by",
  (config) => expect(() => readTarget({ ...COMMAND, config })).toThrow(/^--config: .*/),
);

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
