import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readTarget } from "../../src/deploy/configuration.ts";
import { DeployError } from "../../src/deploy/deploy-error.ts";
import { urlOf, urlProblems } from "../../src/deploy/readiness.ts";
import { release } from "../../src/deploy/release.ts";
import { rollBack } from "../../src/deploy/rollback.ts";
import { Wrangler } from "../../src/deploy/wrangler.ts";
import { CREDENTIALS } from "../support/cloudflare.ts";
import { FILLED_IN, writeConfig } from "../support/deployment.ts";
import { close, listen } from "../support/issuer.ts";

const TITLE = "production-portcullis-KEY_RECORDS";
const ID = "0f2ac74b498b48028cb68387c421e279";

/** How wrangler says that there is none. */
const NO_WORKER =
  "A request to the Cloudflare API failed. This Worker does not exist on your account. [code: 10007]";
const NO_VALUE =
  "Failed to fetch https://api.cloudflare.com/client/v4/accounts/a/storage/kv/namespaces/n/values/deployed - 404: Not Found";

/** Cloudflare behind wrangler's commands, of which some fail. */
class ScriptedWrangler extends Wrangler {
  readonly ran: string[] = [];
  readonly namespaces: { id: string; title: string }[] = [];
  secrets = ["OIDC_CLIENT_SECRET"];
  /** What is deployed, and what is noted as deployed to its end. */
  tag: string | null = null;
  whole: string | null = null;
  /** The command that fails, what it says, and whether it was done nevertheless. */
  failing: {
    readonly command: string;
    readonly says: string;
    readonly done?: boolean;
    readonly timedOut?: boolean;
  } | null = null;

  override async run(args: readonly string[]) {
    const command = args.join(" ");
    this.ran.push(command);
    const failing = this.failing !== null && command.startsWith(this.failing.command) ? this.failing : null;
    const stdout = failing === null || failing.done ? this.#answer(args) : "";
    if (failing !== null)
      return { code: 1, stdout: "", all: failing.says, timedOut: failing.timedOut ?? false };
    if (stdout === null) return { code: 1, stdout: "", all: args[0] === "kv" ? NO_VALUE : NO_WORKER };
    return { code: 0, stdout, all: stdout };
  }

  #answer(args: readonly string[]): string | null {
    const [first, second, third, fourth, fifth] = args;
    switch (`${first} ${second}`) {
      case "secret list":
        return JSON.stringify(this.secrets.map((name) => ({ name })));
      case "kv namespace":
        if (third === "create") this.namespaces.push({ id: ID, title: `production-${fourth}` });
        return JSON.stringify(this.namespaces);
      case "kv key":
        if (third === "put") this.whole = fifth ?? null;
        return this.whole;
      case "deployments status":
        return this.tag && JSON.stringify({ versions: [{ version_id: this.tag, percentage: 100 }] });
      case "versions view":
        return JSON.stringify({ id: third, annotations: { "workers/tag": this.tag } });
      case "deploy --tag":
        this.tag = third ?? null;
        break;
      case "rollback --yes":
        this.tag = "the version before";
    }
    return "";
  }
}

let config: ReturnType<typeof writeConfig>;
let wrangler: ScriptedWrangler;
let command: { readonly environment: "production"; readonly config: string; readonly dryRun: false };
beforeEach(() => {
  config = writeConfig(...FILLED_IN, ["required = []", 'required = ["OIDC_CLIENT_SECRET"]']);
  command = { environment: "production", config: config.path, dryRun: false };
  wrangler = new ScriptedWrangler(command, {});
});
afterEach(() => config.remove());

/** What comes of a deployment: `null`, or the outcome it tells and the exit code. */
async function outcomeOf(act: () => Promise<void>) {
  try {
    await act();
    return null;
  } catch (error) {
    if (!(error instanceof DeployError)) throw error;
    return { outcome: error.outcome, code: error.exitCode, problems: error.problems.join("\n") };
  }
}

const deploy = ({ dryRun = false, said = [] as string[] } = {}) =>
  outcomeOf(async () => {
    const full = { ...command, dryRun, url: null, rollbackTo: null };
    await release(readTarget(full), full, {
      wrangler,
      documentProblems: async () => [],
      print: (text) => void said.push(text),
    });
  });

const changed = () =>
  wrangler.ran.filter((each) => /^(?:kv namespace create|kv key put|deploy --tag)/.test(each));

/** How wrangler tells of what comes of Cloudflare's API. */
const FAILURES = [
  "A request to the Cloudflare API failed: Authentication error [code: 10000]",
  "A request to the Cloudflare API failed: Forbidden [code: 10023]",
  "A request to the Cloudflare API failed: You have been rate limited [code: 971]",
  "A request to the Cloudflare API failed: 503 Service Unavailable",
  "fetch failed: Headers Timeout Error",
];

describe("where the gateway is asked whether it is ready", () => {
  const target = () => readTarget({ ...command, url: null, rollbackTo: null });

  test.each([
    [{ PUBLIC_ORIGIN: "https://gateway.acme.dev/" }, ["*.acme.dev/*"], "https://gateway.acme.dev"],
    [{ CONTROL_HOSTNAME: "control.acme.dev" }, ["api.acme.dev/*"], "https://control.acme.dev"],
    [{}, ["*.acme.dev/*", "acme.dev/*"], "https://acme.dev"],
    [{}, ["*gateway.acme.dev/*"], "https://gateway.acme.dev"],
  ])("%j %j: %s", (vars, routes, url) => {
    expect(urlOf({ ...target(), vars, routes })).toBe(url);
    expect(urlProblems({ ...target(), vars, routes }, { url: null })).toEqual([]);
  });

  test("has to be said when every route stands for many names", () => {
    const wild = { ...target(), routes: ["*.acme.dev/*"] };
    expect(urlProblems(wild, { url: null })).toEqual([expect.stringMatching(/^routes: .* --url/)]);
    expect(urlProblems(wild, { url: "https://a.acme.dev" })).toEqual([]);
  });
});

describe.each(FAILURES)('"%s"', (says) => {
  test.each([
    "secret list",
    "kv namespace list",
    "kv namespace create",
    "deploy --dry-run",
    "deployments status",
    "kv key get",
  ])("to %s: nothing is uploaded, that is said, and the same again is done whole", async (failing) => {
    wrangler.failing = { command: failing, says };
    expect(await deploy()).toMatchObject({
      outcome: "Nothing was uploaded",
      code: 1,
      problems: expect.stringContaining(says),
    });
    expect(wrangler.tag).toBeNull();
    wrangler.failing = null;
    expect(await deploy()).toBeNull();
    expect(wrangler).toMatchObject({
      tag: wrangler.whole?.split(" ")[0],
      namespaces: [{ id: ID, title: TITLE }],
    });
  });

  test("to the deployment itself: what ran before runs still, and that is said", async () => {
    wrangler.tag = "the version before";
    wrangler.failing = { command: "deploy --tag", says };
    expect(await deploy()).toMatchObject({
      outcome: expect.stringContaining("what ran before runs"),
      code: 1,
    });
    expect(wrangler).toMatchObject({ tag: "the version before", whole: null });
  });

  test("to the routes of a deployment: that half of it is done is said, and the same again does it whole", async () => {
    wrangler.failing = { command: "deploy --tag", says, done: true };
    expect(await deploy()).toMatchObject({
      outcome: expect.stringContaining("not all of its routes"),
      code: 2,
    });
    wrangler.failing = null;
    wrangler.ran.length = 0;
    expect(await deploy()).toBeNull();
    expect(changed()).toEqual([expect.stringMatching(/^deploy --tag/), expect.stringMatching(/^kv key put/)]);
  });

  test("to a namespace that was created nevertheless: it is found by the next run, not created twice", async () => {
    wrangler.failing = { command: "kv namespace create", says, done: true };
    expect(await deploy()).toMatchObject({ outcome: "Nothing was uploaded", code: 1 });
    wrangler.failing = null;
    expect(await deploy()).toBeNull();
    expect(wrangler.namespaces).toEqual([{ id: ID, title: TITLE }]);
    expect(readFileSync(config.path, "utf8")).toContain(`id = "${ID}"`);
  });

  test("to the note that it is whole: it is deployed, and the next run does it again", async () => {
    wrangler.failing = { command: "kv key put", says };
    expect(await deploy()).toBeNull();
    wrangler.failing = null;
    wrangler.ran.length = 0;
    expect(await deploy()).toBeNull();
    expect(changed()).toHaveLength(2);
  });

  test("to a rollback: that it is not known to have gone back is said", async () => {
    wrangler.failing = { command: "rollback", says };
    wrangler.tag = "the wrong version";
    const outcome = await outcomeOf(() => rollBack("", wrangler, () => {}));
    expect(outcome).toMatchObject({ code: 1, problems: expect.stringContaining(says) });
    expect(outcome?.outcome).toBe("Nothing went back; what ran before runs still");
  });

  test("to a rollback that was done nevertheless: that is said", async () => {
    wrangler.tag = "the wrong version";
    wrangler.failing = { command: "rollback", says, done: true };
    const outcome = await outcomeOf(() => rollBack("", wrangler, () => {}));
    expect(outcome).toMatchObject({ code: 2, problems: expect.stringContaining(says) });
    expect(outcome?.outcome).toMatch(/^It went back/);
  });
});

test("a rollback without credentials has changed nothing, and says so", async () => {
  const says =
    "In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN environment variable";
  const nobody = new (class extends ScriptedWrangler {
    override run = async () => ({ code: 1, stdout: "", all: says, timedOut: false });
  })(command, {});
  expect(await outcomeOf(() => rollBack("", nobody, () => {}))).toEqual({
    outcome: "Nothing went back; what ran before runs still",
    code: 1,
    problems: expect.stringContaining(says),
  });
});

describe("a command that does not come to an end", () => {
  const says = "wrangler has not ended within 300 s";

  test("leaves a deployment that may be under way, and that is said", async () => {
    wrangler.tag = "the version before";
    wrangler.failing = { command: "deploy --tag", says, timedOut: true };
    expect(await deploy()).toMatchObject({
      outcome: expect.stringContaining("may be under way"),
      code: 2,
    });
  });

  test("leaves a rollback that may be under way, and that is said", async () => {
    wrangler.tag = "the wrong version";
    wrangler.failing = { command: "rollback", says, timedOut: true };
    const outcome = await outcomeOf(() => rollBack("", wrangler, () => {}));
    expect(outcome).toMatchObject({ outcome: "Whether it went back could not be found out", code: 2 });
  });

  test("is ended when its time is over", async () => {
    const silent = createServer(() => {});
    const asking = new Wrangler(
      command,
      { CLOUDFLARE_API_BASE_URL: await listen(silent), ...CREDENTIALS },
      100,
    );
    expect(await asking.run(["deployments", "status", "--json"])).toMatchObject({
      code: 1,
      timedOut: true,
      all: expect.stringContaining("wrangler deployments has not ended within 0.1 s"),
    });
    await expect(asking.json(["deployments", "status", "--json"])).rejects.toThrow("has not ended");
    await close(silent);
  });
});

describe("a Worker whose name was changed", () => {
  beforeEach(async () => {
    expect(await deploy()).toBeNull();
    wrangler.tag = null;
    wrangler.ran.length = 0;
  });
  afterEach(() => expect(changed()).toEqual([]));

  test.each([false, true])(
    "is not deployed beside the one that has the keys (dry run: %s)",
    async (dryRun) => {
      expect(await deploy({ dryRun })).toMatchObject({
        outcome: "Nothing was uploaded",
        code: 1,
        problems: expect.stringMatching(/^name: there is no Worker portcullis-production/),
      });
    },
  );

  test.each([
    "Failed to fetch https://api.cloudflare.com/client/v4/accounts/a/storage/kv/namespaces/n/values/deployed - 503: x",
    "In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN environment variable",
  ])('nor where nobody can say so: "%s"', async (says) => {
    wrangler.failing = { command: "kv key get", says };
    expect(await deploy()).toMatchObject({ code: 1, problems: expect.stringContaining(says) });
    const said: string[] = [];
    expect(await deploy({ dryRun: true, said })).toBeNull();
    expect(said.join("")).toMatch(/Not looked at: .*[^]*Nothing is wrong/);
    expect(said.join("")).toContain(says);
  });
});

describe("a namespace that is not there", () => {
  /** Cloudflare's words for it, and what wrangler makes of a status alone. */
  test.each([NO_VALUE, "A request to the Cloudflare API failed.\n\n  namespace not found [code: 10013]"])(
    'is not taken for one without a note: "%s"',
    async (says) => {
      expect(await deploy()).toBeNull();
      wrangler.ran.length = 0;
      wrangler.namespaces.length = 0;
      wrangler.failing = { command: "kv key get", says };
      for (const dryRun of [false, ...(says === NO_VALUE ? [true] : [])]) {
        expect(await deploy({ dryRun })).toMatchObject({
          outcome: "Nothing was uploaded",
          code: 1,
          problems: expect.stringMatching(/KEY_RECORDS: the account has no namespace|namespace not found/),
        });
      }
      expect(changed()).toEqual([]);
    },
  );

  test("and one without the note is taken as what it is, by the code, too", async () => {
    expect(await deploy()).toBeNull();
    wrangler.failing = { command: "kv key get", says: "get: 'key not found' [code: 10009]" };
    expect(await deploy()).toBeNull();
  });
});

test("a dry run says whether all of it runs already, and changes nothing", async () => {
  const said: string[] = [];
  expect(await deploy({ dryRun: true, said })).toBeNull();
  expect(said.join("")).toMatch(/would be found or created[^]*Nothing is wrong/);
  expect(changed()).toEqual([]);
  expect(await deploy()).toBeNull();
  wrangler.ran.length = 0;
  expect(await deploy({ dryRun: true, said })).toBeNull();
  expect(said.at(-1)).toContain("nothing to deploy");
  expect(changed()).toEqual([]);
});

test("what wrangler says of a newer version of itself does not stop a deployment", async () => {
  const talking = new (class extends ScriptedWrangler {
    override async run(args: readonly string[]) {
      const outcome = await super.run(args);
      const notice =
        "There is a newer version of Wrangler available (current: 4.1.0, latest: 4.2.0). Try upgrading.";
      return outcome.code === 0 ? { ...outcome, stdout: `${outcome.stdout}\n${notice}\n` } : outcome;
    }
  })(command, {});
  expect(await talking.json(["secret", "list"])).toEqual([{ name: "OIDC_CLIENT_SECRET" }]);
});

test("fields that wrangler does not know are named, and nothing is uploaded", async () => {
  const typos = [
    ["", "", "smart_cache = true\n", "smart_cache"],
    ["[env.production]\n", "", "observabilty = { enabled = true }\n", "env.production.observabilty"],
    ["[env.production]\n", "", 'tail_consumer = "x"\n', "env.production.tail_consumer"],
    ["[env.production]\n", "", "limits = { cpu_mss = 60000 }\n", "env.production.limits.cpu_mss"],
    ["[env.production.secrets]\n", "", "requred = []\n", "env.production.secrets.requred"],
    ["[env.staging.secrets]\n", "", "requred = []\n", null],
    ['name = "FAILURES"\n', "[env.production]\n", "limit = 5\n", "env.production.ratelimits.0.limit"],
  ] as const;
  const text = typos.reduce(
    (before, [after, below, added]) => {
      const at = before.indexOf(after, before.indexOf(below)) + after.length;
      return before.slice(0, at) + added + before.slice(at);
    },
    readFileSync(config.path, "utf8"),
  );
  writeFileSync(config.path, text);
  const named = typos.flatMap(([, , , field]) => field ?? []);
  expect((await deploy())?.problems.split("\n").toSorted()).toEqual(
    named.map((field) => `${field}: wrangler knows no such field, and would leave it out`).toSorted(),
  );
  expect(wrangler.ran).toEqual([]);
});

describe("a prefix of keys that were given out", () => {
  const prefixed = (vars: string) => {
    config.remove();
    config = writeConfig(...FILLED_IN, ["[env.production.vars]\n", `[env.production.vars]\n${vars}`]);
    command = { ...command, config: config.path };
  };

  test("must go on being accepted, or nothing is uploaded", async () => {
    expect(await deploy()).toBeNull();
    expect(wrangler.whole).toMatch(/ fkc$/);
    wrangler.ran.length = 0;
    prefixed('KEY_PREFIX = "acme"\n');
    expect(await deploy()).toMatchObject({
      outcome: "Nothing was uploaded",
      problems: expect.stringMatching(/^KEY_PREFIXES_ACCEPTED: leaves out fkc,/) as string,
    });
    expect(changed()).not.toContainEqual(expect.stringMatching(/^deploy/));
    prefixed('KEY_PREFIX = "acme"\nKEY_PREFIXES_ACCEPTED = "fkc"\n');
    expect(await deploy()).toBeNull();
    expect(wrangler.whole).toMatch(/ acme,fkc$/);
  });

  test("is not known of a deployment that has not noted it", async () => {
    expect(await deploy()).toBeNull();
    wrangler.whole = wrangler.whole?.split(" ")[0] ?? null;
    prefixed('KEY_PREFIX = "acme"\n');
    expect(await deploy()).toBeNull();
  });
});

test("a secret that is missing is named, and nothing is uploaded", async () => {
  wrangler.secrets = ["OTHER"];
  expect(await deploy()).toEqual({
    outcome: "Nothing was uploaded",
    code: 1,
    problems:
      "OIDC_CLIENT_SECRET: the secret is missing; npx wrangler secret put OIDC_CLIENT_SECRET --env production",
  });
  expect(changed()).toEqual([]);
});

test("where nobody can say what runs after a failure, that is said", async () => {
  const unknown = new (class extends ScriptedWrangler {
    override async run(args: readonly string[]) {
      const lost = this.ran.some((each) => each.startsWith("deploy --tag"));
      return lost ? { code: 1, stdout: "", all: "fetch failed" } : super.run(args);
    }
  })(command, {});
  unknown.failing = { command: "deploy --tag", says: "fetch failed" };
  wrangler = unknown;
  expect(await deploy()).toMatchObject({
    outcome: expect.stringContaining("could not be found out"),
    code: 2,
  });
});

test("what runs and is whole is not deployed again; after a rollback, or by another tool, it is", async () => {
  expect(await deploy()).toBeNull();
  wrangler.ran.length = 0;
  expect(await deploy()).toBeNull();
  expect(changed()).toEqual([]);
  const { tag } = wrangler;
  wrangler.tag = "the version before";
  expect(await deploy()).toBeNull();
  expect(wrangler.tag).toBe(tag);
  expect(changed()).toHaveLength(2);
});

test("an answer of wrangler that is no JSON stops it before anything is uploaded", async () => {
  wrangler.failing = null;
  const broken = new (class extends ScriptedWrangler {
    override async run(args: readonly string[]) {
      const outcome = await super.run(args);
      return args[0] === "secret" ? { ...outcome, stdout: "<html>" } : outcome;
    }
  })(command, {});
  wrangler = broken;
  expect(await deploy()).toMatchObject({ outcome: "Nothing was uploaded", code: 1 });
  expect(changed()).toEqual([]);
});
