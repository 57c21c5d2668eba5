import { afterEach, describe, expect, test } from "vitest";
import { readArguments } from "../../src/deploy/arguments.ts";
import { problemsOf } from "../../src/deploy/checks.ts";
import { readTarget } from "../../src/deploy/configuration.ts";
import { datasetHint, datasetNotice } from "../../src/deploy/dataset.ts";
import { FILLED_IN, writeConfig, type Replacement } from "../support/deployment.ts";

const written: (() => void)[] = [];
afterEach(() => {
  for (const remove of written.splice(0)) remove();
});

function problems(...replacements: readonly Replacement[]): string[] {
  const { path, remove } = writeConfig(...replacements);
  written.push(remove);
  return problemsOf(
    readTarget({ environment: "production", config: path, dryRun: false, url: null, rollbackTo: null }),
  );
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

describe("a section is refused, and what is wrong is named,", () => {
  test.each<{ name: string; with: readonly Replacement[]; says: RegExp }>([
    { name: "with the zero id", with: ID("0".repeat(32)), says: /^KEY_RECORDS: .* is a placeholder/ },
    { name: "with words for an id", with: ID("<your KV id>"), says: /^KEY_RECORDS: .* is a placeholder/ },
    { name: "with an id that is none", with: ID("abc"), says: /^KEY_RECORDS: .* is a placeholder/ },
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
      with: but(VARS, `[env.production.observability]\nenabled = true\n\n${VARS}`),
      says: /^observability: logs.invocation_logs must be false/,
    },
  ])("$name", ({ with: changes, says }) => {
    const found = problems(...changes);
    expect(found).toEqual([expect.stringMatching(says)]);
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
  ])("%j", (args, says) => expect(() => readArguments(args)).toThrow(says));
});

test("where metrics go is told, and what to do where the account has no datasets", () => {
  const { path, remove } = writeConfig(...FILLED_IN);
  written.push(remove);
  const target = readTarget({
    environment: "production",
    config: path,
    dryRun: false,
    url: null,
    rollbackTo: null,
  });
  expect(datasetNotice(target)).toContain("the dataset portcullis_production");
  expect(datasetNotice({ ...target, analytics_engine_datasets: [] })).toContain("No dataset is bound");
  expect(datasetHint("You need to enable Analytics Engine. [code: 10089]")).toEqual([
    expect.stringMatching(/^METRICS: enable Analytics Engine/),
  ]);
  expect(datasetHint("Authentication error [code: 10000]")).toEqual([]);
});
