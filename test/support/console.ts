import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { controlClient, type ControlClient } from "../../src/demo/control-client.ts";
import { startDemoServer } from "../../src/demo/demo-server.ts";
import { identityProvider } from "../../src/demo/identity-provider.ts";
import { loadIdentitySecrets } from "../../src/demo/identity-secrets.ts";
import { requestToken } from "../../src/demo/identity-token.ts";
import { originHandler } from "../../src/demo/origin.ts";
import { SAMPLE_ORGANIZATION } from "../../src/demo/sample-users.ts";
import type { CallCounts } from "../../src/core/usage/calls.ts";
import type { UsageBatch } from "../../src/core/usage/usage.ts";
import { NDJSON } from "../../src/core/http/ndjson.ts";
import { startRuntime } from "../../src/demo/runtime.ts";
import { freePort } from "../demo/free-port.ts";
import { importLine } from "./imports.ts";
import { sharedBrowser, visit, type Browser, type Visitor } from "./browser.ts";
import { BUNDLE_DIR } from "./build-bundle.ts";

/** The people of the sample provider, as its page calls them. */
const PEOPLE = { alice: "Alice Andersson", bob: "Bob Baker", carol: "Carol Chen" } as const;
export type Person = keyof typeof PEOPLE;

/** The production bundle with the sample identity provider and the sample origin, and a browser. */
export interface ConsoleProduct {
  readonly url: string;
  readonly browser: Browser;
  /** What the Worker has logged. */
  readonly logs: readonly string[];
  /** A client of the control API for a sample user with a fresh second factor. */
  control(user: Person): Promise<ControlClient>;
  /** Imports a key of another system for one of the people. */
  importKey(key: string, owner: Person, name: string): Promise<void>;
  /** Calls the API through the gateway; the status of the answer. */
  call(key: string, path?: string): Promise<number>;
  /** Notes what a key was used for in the past, as its guard would have, by the start of the hour. */
  recordUsage(
    keyId: string,
    hours: UsageBatch["hours"],
    calls?: CallCounts,
    lastUsedAt?: number,
  ): Promise<void>;
  /** A window without cookies at the console's first page, whatever that leads to. */
  open(options?: Options): Promise<Visitor>;
  /** A window of somebody who has signed in without a second factor, at the list of their keys. */
  signIn(user: Person, options?: Options): Promise<Visitor>;
  /** A window of somebody who has just shown a second factor, at a page of the console. */
  signInTwice(user: Person, path: string, options?: Options): Promise<Visitor>;
  stop(): Promise<void>;
}

type Options = Parameters<typeof visit>[1];

/** Starts everything; the sample organisation is set up, unless it is said that it is not to be. */
export async function startConsole(
  vars: Readonly<Record<string, string>> = {},
  { bootstrap = true } = {},
): Promise<ConsoleProduct> {
  const [port, demoPort, stateDir] = await Promise.all([
    freePort(),
    freePort(),
    mkdtemp(join(tmpdir(), "portcullis-console-")),
  ]);
  const issuer = `http://127.0.0.1:${demoPort}/oidc`;
  const logs: string[] = [];
  let sequence = Date.now();
  const consoleOrigins = [`http://127.0.0.1:${port}`];
  const secrets = await loadIdentitySecrets(join(stateDir, "identity-provider.json"));
  const [demo, runtime, browser] = await Promise.all([
    startDemoServer(demoPort, {
      origin: originHandler,
      identityProvider: identityProvider({ issuer, audience: "portcullis", consoleOrigins }, secrets),
    }),
    startRuntime({
      stateDir,
      port,
      bundleDir: BUNDLE_DIR,
      vars: { ORIGIN_URL: `http://127.0.0.1:${demoPort}`, OIDC_ISSUER: issuer, ...vars },
      log: (line) => logs.push(line),
    }),
    sharedBrowser(),
  ]);
  const { url } = runtime;

  const control: ConsoleProduct["control"] = async (user) =>
    controlClient(url, await requestToken(issuer, { user, mfa: true }), null);
  if (bootstrap) await (await control("alice"))("POST", "/-/organization/bootstrap");

  const visitors: Visitor[] = [];
  const visitAt = async (path: string, options: Options, before?: (visitor: Visitor) => Promise<void>) => {
    const visitor = await visit(browser, { baseURL: url, ...options });
    visitors.push(visitor);
    await before?.(visitor);
    await visitor.page.goto(`/-/console${path}`);
    return visitor;
  };
  return {
    url,
    browser,
    logs,
    control,
    open: (options) => visitAt("/", options),
    async importKey(key, ownerId, name) {
      const token = await requestToken(issuer, { user: "alice", mfa: true, ops: true });
      const line = importLine(key, { orgId: SAMPLE_ORGANIZATION, ownerId, name });
      const answer = await fetch(`${url}/-/ops/imports`, {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, "Content-Type": NDJSON },
        body: JSON.stringify(line),
      });
      const result = await answer.text();
      if (!result.includes(`"status":"imported"`)) throw new Error(result);
    },
    async recordUsage(keyId, hours, calls = new Map(), lastUsedAt = Date.now() - 420_000) {
      const organizations = await runtime.miniflare.getDurableObjectNamespace("ORGANIZATION", "portcullis");
      const organization = organizations.get(organizations.idFromName(SAMPLE_ORGANIZATION)) as unknown as {
        recordUsage(id: string, batch: UsageBatch): Promise<void>;
      };
      const batch = {
        sequence: ++sequence,
        hours,
        calls,
        lastUsedAt,
        lastUsedIp: "203.0.113.24",
      };
      await organization.recordUsage(keyId, batch);
    },
    async call(key, path = "/v1/vaults") {
      const answer = await fetch(url + path, { headers: { Authorization: `Bearer ${key}` } });
      await answer.arrayBuffer();
      return answer.status;
    },
    signIn: (user, options) => visitAt("/keys", options, (visitor) => signInUnseen(visitor, user, false)),
    signInTwice: (user, path, options) =>
      visitAt(path, options, (visitor) => signInUnseen(visitor, user, true)),
    async stop() {
      await Promise.all(visitors.map((visitor) => visitor.close()));
      await Promise.all([runtime.dispose(), demo.close()]);
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

/**
 * Signs in by the requests that a browser would send, without drawing the pages. That people get through those pages is
 * tested where sign-ins are.
 */
async function signInUnseen({ page }: Visitor, user: Person, secondFactor: boolean): Promise<void> {
  const { request } = page.context();
  const asked = await request.get(`/-/console/sign-in/start${secondFactor ? "?step_up=1" : ""}`);
  const form = { user, ...(secondFactor && { mfa: "true" }) };
  const answer = await request.post(asked.url(), { form });
  if (!answer.ok() || !answer.url().endsWith("/-/console/keys"))
    throw new Error(`${user} was led to ${answer.url()}: ${answer.status()}`);
}

/** At the sample provider: signs in as somebody. */
export async function pickPerson({ page }: Visitor, user: Person): Promise<void> {
  await page.getByRole("button", { name: PEOPLE[user] }).click();
}
