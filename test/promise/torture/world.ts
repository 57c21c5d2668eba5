import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Miniflare } from "miniflare";
import { adminClaims, startIssuer, type TestIssuer } from "../../support/issuer.ts";
import { startGithub, type TestGithub } from "../../support/github.ts";
import { LINK_PATH, type LinkState } from "../../support/link-state.ts";
import { startOriginServer, type OriginServer } from "../../support/origin-server.ts";
import { OPERATOR } from "../../support/operators.ts";
import { bundledWorker } from "../../support/build-bundle.ts";
import { startRuntime } from "../../support/runtime.ts";
import { Truth } from "./truth.ts";
import { readJson } from "../../support/json.ts";

export const EDGES = 3;
export const ORGANIZATIONS = ["org_test", "org_other"] as const;
/** Classes of objects of which an older copy may be put back. */
export const RESTORABLE = ["Organization", "KeyGuard", "Deployment"] as const;

/** A client that has waited so long goes away; a set-up does not. */
const PATIENCE_MS = 2500;
const SETTING_UP_MS = 120_000;
const NOTHING: LinkState = { clock: 0, faults: {} };
const VARS = {
  MAX_KEYS_PER_OWNER: "1000",
  PUBLIC_ORIGIN: "https://gateway.test",
  ADMISSION_LEASE_MS: "200",
  ADMISSION_LEASE_MAX_MS: "600",
  ORIGIN_TIMEOUT_MS: "2000",
};

/** What a change was answered with; `status` 0 when no answer came. */
export interface Outcome {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
}

const UNANSWERED: Outcome = { status: 0, body: {}, text: "" };

/** The product with its neighbours, and everything that can happen to them. */
export class World {
  readonly truth = new Truth();
  readonly scim: Record<string, { token: string; group: string; user: string }> = {};
  /** Organisations of which an erasure was begun, and nobody knows whether it has ended. */
  readonly erasing = new Set<string>();
  /** The deployment's object was put back, and nothing has been healed since. */
  hasOlderRecord = false;
  readonly #directory = mkdtempSync(join(tmpdir(), "portcullis-torture-"));
  #links: LinkState[] = [];
  readonly issuer: TestIssuer;
  readonly origin: OriginServer;
  readonly #github: TestGithub;
  /** The Worker that all edges run. */
  readonly #worker: string;
  edges: readonly string[] = [];
  logs: readonly string[] = [];
  #miniflare: Miniflare | null = null;
  #pids: number[] = [];
  /** While the product is down, and until it agrees again after a restore, nobody calls. */
  isPaused = false;
  isSettingUp = false;

  private constructor(issuer: TestIssuer, origin: OriginServer, github: TestGithub, worker: string) {
    this.issuer = issuer;
    this.origin = origin;
    this.#github = github;
    this.#worker = worker;
  }

  /** Starts the product, or another Worker in its place. */
  static async start(worker = bundledWorker()): Promise<World> {
    const [issuer, origin, github] = await Promise.all([startIssuer(), startOriginServer(), startGithub()]);
    const world = new World(issuer, origin, github, worker);
    await world.#run();
    return world;
  }

  async stop(): Promise<void> {
    await this.#miniflare?.dispose();
    await Promise.all([this.issuer.close(), this.origin.stop(), this.#github.stop()]);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #run(): Promise<void> {
    const before = runtimes();
    const vars = {
      ...VARS,
      ORIGIN_URL: this.origin.url,
      OIDC_ISSUER: this.issuer.url,
      GITHUB_SECRET_SCANNING_KEYS_URL: this.#github.keysUrl,
    };
    const runtime = await startRuntime(
      Array.from({ length: EDGES }, () => ({ links: true, worker: this.#worker, vars })),
      { stateDir: this.#stateDir },
    );
    this.#miniflare = runtime.miniflare;
    this.edges = runtime.edges;
    this.logs = runtime.logs;
    this.#pids = runtimes().filter((pid) => !before.includes(pid));
    this.#links = this.edges.map(() => NOTHING);
  }

  get #stateDir(): string {
    return join(this.#directory, "state");
  }

  /** Ends the runtime, in order or like a power cut, and starts it again on what it has stored. */
  async restart({ kill = false, between = () => {} }: { kill?: boolean; between?: () => void }) {
    this.isPaused = true;
    if (kill) for (const pid of this.#pids) process.kill(pid, "SIGKILL");
    await this.#miniflare?.dispose();
    between();
    await this.#run();
  }

  /** Keeps a copy of the storage of a class of objects. The runtime has to be down. */
  keepCopy(name: string): void {
    const [from, to] = [this.#storageOf(name), this.#copyOf(name)];
    rmSync(to, { recursive: true, force: true });
    if (from !== null) cpSync(from, to, { recursive: true });
  }

  forgetCopy(name: string): void {
    rmSync(this.#copyOf(name), { recursive: true, force: true });
  }

  hasCopy(name: string): boolean {
    return existsSync(this.#copyOf(name));
  }

  putBack(name: string): void {
    const to = this.#storageOf(name);
    if (to === null) return;
    rmSync(to, { recursive: true });
    cpSync(this.#copyOf(name), to, { recursive: true });
    this.hasOlderRecord ||= name === "Deployment";
  }

  #copyOf(name: string): string {
    return join(this.#directory, `copy-${name}`);
  }

  #storageOf(name: string): string | null {
    const found = readdirSync(this.#stateDir, { recursive: true, encoding: "utf8" });
    const own = found.find((path) => path.endsWith(`-${name}`));
    return own === undefined ? null : join(this.#stateDir, own);
  }

  async disturb(edge: number, change: Partial<LinkState>): Promise<void> {
    const state = { ...(this.#links[edge] ?? NOTHING), ...change };
    this.#links[edge] = state;
    await fetch(`${this.edges[edge]}${LINK_PATH}`, { method: "POST", body: JSON.stringify(state) });
  }

  /** Whether no call that the product makes meets a fault. */
  get isWell(): boolean {
    return this.#links.every(({ faults }) => Object.keys(faults).length === 0);
  }

  async heal(): Promise<void> {
    await Promise.all(this.edges.map((_, edge) => this.disturb(edge, NOTHING)));
    this.issuer.setDown("nothing");
  }

  /** A call to the control API; a client that waits too long goes away. */
  async send(
    edge: number,
    method: string,
    path: string,
    as: string | Readonly<Record<string, string>>,
    body?: unknown,
    type?: string,
  ): Promise<Outcome> {
    try {
      const response = await fetch(`${this.edges[edge]}${path}`, {
        method,
        signal: AbortSignal.timeout(this.isSettingUp ? SETTING_UP_MS : PATIENCE_MS),
        headers: {
          ...(typeof as === "string" ? { Authorization: as } : as),
          ...(body !== undefined && { "Content-Type": type ?? "application/json" }),
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      return outcomeOf(response.status, await response.text());
    } catch {
      return UNANSWERED;
    }
  }

  async asAdmin(edge: number, orgId: string, method: string, path: string, body?: unknown) {
    const token = await this.issuer.token(adminClaims({ sub: "root", org_id: orgId }));
    return this.send(edge, method, path, `Bearer ${token}`, body);
  }

  async asOperator(
    edge: number,
    path: string,
    body: unknown,
    { method = "POST", type }: { method?: string; type?: string } = {},
  ) {
    return this.send(edge, method, path, `Bearer ${await this.issuer.token(OPERATOR)}`, body, type);
  }

  asGithub(edge: number, body: string) {
    return this.send(edge, "POST", "/-/ops/leaks/github", this.#github.sign(body), body);
  }
}

function outcomeOf(status: number, text: string): Outcome {
  try {
    return { status, text, body: readJson<Record<string, unknown>>(text) };
  } catch {
    return { status, text, body: {} };
  }
}

/** The runtimes that this process has started. */
function runtimes(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [, name, rest] = /\((.*)\) (.*)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
        return name === "workerd" && rest?.split(" ")[1] === `${process.pid}`;
      } catch {
        return false;
      }
    });
}
