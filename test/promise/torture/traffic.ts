import { setTimeout as sleep } from "node:timers/promises";
import type { OriginHandler } from "../../support/origin-server.ts";
import { mustPass, VAULTS, type Attempt, type Credential, type Key } from "./truth.ts";
import { EDGES, type World } from "./world.ts";

const CLIENTS = 2 * EDGES;
const PAUSE_MS = 8;
const PATIENCE_MS = 3000;
const PRESS_MS = 150;
/** After every outage traffic recovers by itself; how soon is measured elsewhere, since a busy machine takes longer. */
const RECOVERY_MS = 40_000;

interface Flight {
  readonly attempt: Attempt;
  readonly wasPossible: () => boolean;
}

/** How the origin fails at the moment. */
export const ORIGIN_FAULTS = ["none", "resets", "hangs", "fails"] as const;
type OriginFault = (typeof ORIGIN_FAULTS)[number];

/** Calls with all credentials over all edges; whatever reaches the origin is held against the truth. */
export class Traffic {
  readonly #world: World;
  readonly #flights = new Map<string, Flight>();
  #stopped = false;
  #last = 0;
  #running: Promise<unknown> = Promise.resolve();
  originFault: OriginFault = "none";
  sent = 0;
  admitted = 0;

  constructor(world: World) {
    this.#world = world;
    world.origin.handler = this.#arrive;
    this.#running = Promise.all(Array.from({ length: CLIENTS }, (_, i) => this.#client(i % EDGES)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  readonly #arrive: OriginHandler = (request, response) => {
    const flight = this.#flights.get(new URL(request.target, "http://origin").searchParams.get("n") ?? "");
    const { truth } = this.#world;
    if (flight !== undefined) {
      this.admitted++;
      const { key } = flight.attempt.credential;
      const told = ["Key-Id", "Org-Id", "Owner-Id"].map((name) => request.values(`X-Portcullis-${name}`)[0]);
      const meant = [key.id, key.owner.orgId, key.owner.id];
      if (!told.every((value, i) => value === meant[i])) truth.violate(`${told.join()} for ${meant.join()}`);
      if (!flight.wasPossible()) truth.violate(`admitted: ${describe(flight.attempt)}`);
    }
    // Nobody reads these again.
    this.#world.origin.requests.length = 0;
    if (this.originFault === "hangs") return;
    if (this.originFault === "resets") {
      request.connection.destroy();
      return;
    }
    response.writeHead(this.originFault === "fails" ? 500 : 200, { "Content-Type": "application/json" });
    response.end("{}");
  };

  async #client(edge: number): Promise<void> {
    while (!this.#stopped) {
      await sleep(PAUSE_MS);
      const credential = this.#choose();
      if (this.#world.isPaused || credential === undefined) continue;
      const vault = Math.random() < 0.5 ? 1 : 2;
      await this.attempt({ credential, vault, isNear: Math.random() < 0.7 }, edge);
    }
  }

  /** The latest credentials more often than those of long ago. */
  #choose(): Credential | undefined {
    const { credentials } = this.#world.truth;
    return credentials[Math.floor((1 - Math.random() ** 2) * credentials.length)];
  }

  /** One request: its status, 0 when no answer came. */
  async attempt(attempt: Attempt, edge: number): Promise<number> {
    const n = `${++this.#last}`;
    const flight = { attempt, ...this.#world.truth.begin(attempt) };
    this.#flights.set(n, flight);
    this.sent++;
    const host = `${(this.#last >> 8) & 255}.${this.#last & 255}`;
    try {
      const path = `/v1/vaults/${VAULTS[attempt.vault - 1]}?n=${n}`;
      const response = await fetch(`${this.#world.edges[edge]}${path}`, {
        signal: AbortSignal.timeout(PATIENCE_MS),
        headers: {
          Authorization: `Bearer ${attempt.credential.text}`,
          "CF-Connecting-IP": `198.${attempt.isNear ? 18 : 19}.${host}`,
        },
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    } finally {
      flight.end();
      this.#flights.delete(n);
    }
  }

  /** Tries credentials everywhere at once, so that every edge holds what it knows of them; waits no longer than a lease. */
  async press(credentials: readonly Credential[]): Promise<void> {
    if (this.#world.isPaused) return;
    const attempts = credentials.flatMap((credential) => {
      const attempt = { credential, vault: Math.random() < 0.5 ? 1 : 2, isNear: Math.random() < 0.5 };
      return this.#world.edges.map((_, edge) => this.attempt(attempt, edge));
    });
    await Promise.race([Promise.all(attempts), sleep(PRESS_MS)]);
  }

  /** Once nothing is at fault everything passes that has to. */
  async expectRecovery(): Promise<void> {
    this.originFault = "none";
    const { truth } = this.#world;
    const attempts = truth.credentials
      .flatMap((credential) => [1, 2].map((vault) => ({ credential, vault, isNear: true })))
      .filter(mustPass);
    await Promise.all(attempts.map((attempt, i) => this.#expectToPass(attempt, i % EDGES)));
  }

  /**
   * A key that was to end by itself is refused everywhere, and for good once that is on record: until then an edge may
   * refuse it by its clock, which may be set back.
   */
  async expectRetirements(): Promise<void> {
    const { truth } = this.#world;
    const due = truth.credentials.filter(
      ({ key, isToken }) => !isToken && !key.dead && key.retiresAt !== null && key.retiresAt < Date.now(),
    );
    await Promise.all(due.map((credential) => this.#expectToEnd(credential)));
  }

  async #expectToEnd(credential: Credential): Promise<void> {
    const end = performance.now() + RECOVERY_MS;
    while (performance.now() < end) {
      const edges = Array.from({ length: EDGES }, (_, edge) => edge);
      const attempt = { credential, vault: 1, isNear: true };
      const statuses = await Promise.all(edges.map((edge) => this.attempt(attempt, edge)));
      if (statuses.every((status) => status === 401) && (await this.#hasReceipt(credential.key))) {
        credential.key.dead = true;
        return;
      }
      await sleep(50);
    }
    this.#world.truth.violate(
      `still alive after its end: ${describe({ credential, vault: 1, isNear: true })}`,
    );
  }

  async #hasReceipt({ id, owner }: Key): Promise<boolean> {
    const { body } = await this.#world.asAdmin(0, owner.orgId, "GET", `/-/api-keys/${id}`);
    return typeof body["receipt"] === "object" && body["receipt"] !== null;
  }

  async #expectToPass(attempt: Attempt, edge: number): Promise<void> {
    const end = performance.now() + RECOVERY_MS;
    let status = 0;
    while (performance.now() < end) {
      status = await this.attempt(attempt, edge);
      if (status === 200) return;
      await sleep(50);
    }
    this.#world.truth.violate(`not admitted (${status}): ${describe(attempt)}`);
  }
}

function describe({ credential, vault, isNear }: Attempt): string {
  const { key, isToken } = credential;
  const of = [key.disabled, key.expired, key.vaults, key.fenced, key.owner.roles].map(({ values }) =>
    [...values].join("|"),
  );
  const { owner } = key;
  const [disabled, expired, vaults, fenced, roles] = of;
  return (
    `${isToken ? "a token of " : ""}${key.id} of ${owner.kind} owner ${owner.id} of ${owner.orgId}, vault ${vault}, ` +
    `${isNear ? "near" : "far"}; revoked ${key.dead}, token revoked ${credential.dead}, disabled ${disabled}, ` +
    `expired ${expired}, vaults ${vaults}, fenced ${fenced}, roles ${roles}`
  );
}
