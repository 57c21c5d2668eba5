import {
  BATCH_TIMEOUT_MS,
  chunksByWeight,
  letOthersRun,
  OBJECT_TIMEOUT_MS,
  within,
} from "../../core/concurrency.ts";
import type { Difference, GuardPosition } from "../../core/key/reconciliation.ts";
import type { Actor } from "../../core/organization/organization.ts";
import { isRefusal, refuse, type Refusal, type Result } from "../../core/refusal.ts";
import { deploymentOf } from "../../state/deployment/deployment-object.ts";
import { readCursor } from "../cursor.ts";
import type { Control } from "../context.ts";

/**
 * What one call to the organisation compares, in calls that it makes for it: an invocation may make a thousand. To settle
 * a group of 64 keys takes about 80, a key with a guard of its own about 10; to compare them one call to the guard and
 * one to KV, but the records of 40 groups are enough to hold in memory.
 */
const CALLS_A_BATCH = 800;
/** A batch of guards of which none answers takes so long: each is waited for, some at a time. */
const COMPARE_TIMEOUT_MS = 300_000;
const CALLS = { settle: { group: 80, ownGuard: 10 }, compare: { group: 20, ownGuard: 2 } } as const;
/** Guards of one page, if nobody asks for fewer. */
const GUARDS_A_PAGE = 1000;

/** Where a comparison goes on: among the organisation's guards, or those that it had when it was erased. */
interface Position {
  readonly list: GuardPosition["list"] | "erased";
  readonly after: string;
  readonly orgId: string;
  /** Guards that were on record when it began. */
  readonly total: number;
}

const LISTS: readonly Position["list"][] = ["recorded", "registered", "erased"];
const CURSOR = { list: "string", after: "string", orgId: "string", total: "number" } as const;

/** Guards to be compared together. */
interface Page {
  readonly guards: readonly string[];
  readonly areErased: boolean;
  readonly next: Position | null;
}

/** Which comparison: of which organisation, and whether it settles what differs. */
interface Task {
  readonly orgId: string;
  readonly fix: boolean;
  /** After about so many guards it pauses; `null` for never. */
  readonly limit: number | null;
}

/** A walk through the guards of an organisation, page by page. The first page is read before anything is answered. */
export class GuardWalk {
  readonly #control: Control;
  readonly #actor: Actor;
  readonly #task: Task;
  #page: Page | null = null;
  #guards = 0;
  #total = 0;

  constructor(control: Control, actor: Actor, task: Task) {
    this.#control = control;
    this.#actor = actor;
    this.#task = task;
  }

  /** Guards that were compared so far. */
  get guards(): number {
    return this.#guards;
  }

  get total(): number {
    return this.#total;
  }

  /** Where the next walk begins; `null` once all guards are compared. */
  get next(): Position | null {
    return this.#page?.next ?? null;
  }

  /** Refuses an organisation of which nothing is on record. Rejects when the guards cannot be named. */
  async begin(after: Position | null): Promise<Refusal | null> {
    if (after === null && !(await this.#isKnown())) {
      return refuse("not_found", { details: { field: "orgId", problem: "No organisation has this id" } });
    }
    const position = after ?? {
      list: "recorded",
      after: "",
      orgId: this.#task.orgId,
      total: await within(OBJECT_TIMEOUT_MS, this.#organization().countGuards()),
    };
    this.#total = position.total;
    this.#page = await this.#read(position);
    return null;
  }

  /** One that was erased is known as long as its erasure is. */
  async #isKnown(): Promise<boolean> {
    const { orgId } = this.#task;
    if (await within(OBJECT_TIMEOUT_MS, this.#organization().hasRecord(orgId))) return true;
    const erasure = within(OBJECT_TIMEOUT_MS, deploymentOf(this.#control.env).findErasure(orgId));
    return (await erasure) !== null;
  }

  async *differences(): AsyncGenerator<Difference> {
    const { limit } = this.#task;
    while (this.#page !== null) {
      yield* this.#compare(this.#page);
      this.#guards += this.#page.guards.length;
      const { next } = this.#page;
      if (next === null || (limit !== null && this.#guards >= limit)) return;
      this.#page = await this.#read(next);
    }
  }

  async #read(position: Position): Promise<Page> {
    const { orgId, limit } = this.#task;
    const size = Math.min(limit ?? GUARDS_A_PAGE, GUARDS_A_PAGE);
    const { list, after, total } = position;
    if (list === "erased") return this.#readErased(position, size);
    const reading = this.#organization().guardPage(orgId, { list, after }, size);
    const { guards, next } = await within(BATCH_TIMEOUT_MS, reading);
    await this.#noteImported(guards);
    return { guards, areErased: false, next: { ...(next ?? { list: "erased", after: "" }), orgId, total } };
  }

  /** Guards that the organisation had when it was erased, but for those that serve it again since it was set up anew. */
  async #readErased(position: Position, size: number): Promise<Page> {
    const { orgId } = this.#task;
    const reading = deploymentOf(this.#control.env).erasedGuards(orgId, position.after, size);
    const page = await within(OBJECT_TIMEOUT_MS, reading);
    const serving = new Set(page.length > 0 ? await this.#serving(page) : []);
    const last = page.length < size ? undefined : page.at(-1);
    return {
      guards: page.filter((guard) => !serving.has(guard)),
      areErased: true,
      next: last === undefined ? null : { ...position, after: last },
    };
  }

  #serving(guards: readonly string[]): Promise<string[]> {
    return within(BATCH_TIMEOUT_MS, this.#organization().servingGuards(this.#task.orgId, guards));
  }

  /** Imported keys have guards of their own; that there are any is noted in KV, which may have lost it. */
  async #noteImported(guards: readonly string[]): Promise<void> {
    if (this.#task.fix && guards.some(isOwnGuard)) await this.#control.imports.announce();
  }

  async *#compare({ guards, areErased }: Page): AsyncGenerator<Difference> {
    const { orgId, fix } = this.#task;
    const { id, name, address, requestId } = this.#actor;
    const calls = fix ? CALLS.settle : CALLS.compare;
    const weightOf = (guard: string): number => (isOwnGuard(guard) ? calls.ownGuard : calls.group);
    for (const batch of chunksByWeight(guards, CALLS_A_BATCH, weightOf)) {
      const comparing = areErased
        ? this.#organization().findRestored(orgId, batch, fix)
        : this.#organization().reconcile({ id, name, address, requestId }, orgId, batch, fix);
      yield* await within(COMPARE_TIMEOUT_MS, comparing);
      await letOthersRun();
    }
  }

  #organization() {
    return this.#control.env.ORGANIZATION.getByName(this.#task.orgId);
  }
}

export function readPosition(cursor: string, orgId: string): Result<Position> {
  const position = readCursor<Position>(cursor, CURSOR);
  if (isRefusal(position) || (LISTS.includes(position.list) && position.orgId === orgId)) return position;
  return refuse("invalid_request", {
    details: { field: "nextCursor", problem: "Not a cursor of this walk" },
  });
}

function isOwnGuard(guard: string): boolean {
  return guard.startsWith("key_");
}
