import { keyStatus } from "../../core/key/key-record.ts";
import { compileKey, type CompiledKey } from "../../core/access/compiled-key.ts";
import { countUse } from "../../core/usage/usage-tally.ts";
import { KeyMemory } from "../isolate/key-memory.ts";
import { compileAnswer } from "../isolate/questions.ts";
import { ageByTicks } from "../isolate/question-age.ts";
import { arrive, keyOf, type Group, type SentQuestion, type Waiting } from "../rules/held.ts";
import {
  compose,
  decide,
  decideAsked,
  endLease,
  readClock,
  receive,
  type Decision,
  type Judge,
  type OwnUnits,
  type Undecided,
} from "../rules/isolate.ts";
import { ISOLATE_CALLS_PER_S, leaseWanted, newLoad, noteCall, type LeaseBounds } from "../rules/load.ts";
import {
  isRenewalDue,
  lastWordAt,
  nextStep,
  noteAnswered,
  noteDemand,
  noteFailed,
  noteRefusal,
  noteSent,
  noteUse,
  QUIET_MS,
  wantsOf,
} from "../rules/pace.ts";
import type { GuardedKey } from "../rules/records.ts";
import { reportOf, usageOf } from "../rules/report.ts";
import type { Called, SimulatedGuard } from "./guard.ts";
import type { Network } from "./network.ts";

const ADDRESS = "192.0.2.1";

/** How a request was decided: `asked` by an answer of the guard, whichever request sent the question. */
export type Source = "lease" | "asked" | "unavailable";

export interface Decided {
  readonly keyId: string;
  readonly arrivedAt: number;
  /** The version that was acknowledged before the request arrived. */
  readonly mustVersion: number;
  readonly source: Source;
  /** `null` when nothing could be decided. */
  readonly decision: Settled | null;
}

type Settled = Exclude<Decision<CompiledKey, "absent" | "dead">, Undecided>;

interface IsolateSettings {
  readonly roundTripMs: number;
  readonly lease: LeaseBounds;
  readonly slackMs: number;
  readonly guardOf: (group: string) => SimulatedGuard;
  /** The latest version of a key that is acknowledged. */
  readonly acknowledged: (keyId: string) => number;
  readonly note: (decided: Decided) => void;
}

interface Request extends Waiting {
  readonly arrivedAt: number;
  readonly mustVersion: number;
  source: Source;
}

/** An isolate: the product's rules between requests and guards. */
export class SimulatedIsolate {
  readonly #network: Network;
  readonly #settings: IsolateSettings;
  readonly #memory = new KeyMemory();
  readonly #state = this.#memory.isolate;
  readonly #load = newLoad(0);
  readonly #reporting = new Set<string>();

  constructor(network: Network, settings: IsolateSettings) {
    this.#network = network;
    this.#settings = settings;
  }

  /** Bytes that it holds of keys, as it reckons them. */
  get bytes(): number {
    return this.#memory.bytes;
  }

  request(groupName: string, keyId: string): void {
    const group = this.#memory.group(groupName);
    const { now } = this.#network.queue;
    const mustVersion = this.#settings.acknowledged(keyId);
    const request = { ...arrive(group, keyId, 1), arrivedAt: now, mustVersion };
    this.#attempt(group, { ...request, source: "lease" });
  }

  #now(): number {
    return readClock(this.#state, this.#network.clock());
  }

  #attempt(group: Group<CompiledKey>, request: Request): void {
    const now = this.#now();
    const key = keyOf(group, request.keyId);
    const decision = decide(group, key, request, judgeAt(now), now);
    if (decision.kind !== "undecided") return this.#conclude(group, request, decision, now);
    noteDemand(group, key, request, now);
    const waited = this.#network.queue.now - request.arrivedAt;
    const next = nextStep(group, request, now - waited, now);
    if (next.kind === "give up") {
      return this.#settings.note({ ...request, source: "unavailable", decision: null });
    }
    request.source = "asked";
    if (next.kind === "ask") return this.#ask(group, request, false);
    this.#network.queue.after(next.ms, () => this.#attempt(group, request));
  }

  #conclude(group: Group<CompiledKey>, request: Request, decision: Settled, now: number): void {
    this.#settings.note({ ...request, decision });
    if (decision.kind === "limited") return;
    const key = keyOf(group, request.keyId);
    if (decision.kind === "refused") noteRefusal(group);
    else noteUse(group, key, request.cost, now);
    if (isRenewalDue(group, now)) this.#ask(group, null, false);
    if (decision.kind === "refused") return;
    countUse(usageOf(group, request.keyId), "succeeded", null, ADDRESS, now);
    this.#planLastWord(group);
  }

  #ask(group: Group<CompiledKey>, asker: Request | null, isFinal: boolean): void {
    const { lease, slackMs, roundTripMs, guardOf } = this.#settings;
    const now = this.#now();
    noteCall(this.#load, now, ISOLATE_CALLS_PER_S, lease);
    const report = reportOf(this.#state, group, isFinal, now);
    const wants = wantsOf(group, { asker, report, isFinal }, now);
    const wanted = leaseWanted(group.roundTripMs, this.#load, slackMs);
    const sent = compose(this.#state, group, { wants, report, leaseMs: wanted, isFinal }, now);
    const sentAt = this.#network.queue.now;
    noteSent(group, sent);
    guardOf(group.name).call(
      roundTripMs,
      (guard) => guard.ask(sent.question),
      (result) => {
        const own = this.#take(group, { sent, sentAt, asker }, result);
        if (asker !== null) this.#resume(group, asker, own);
      },
    );
  }

  #take(
    group: Group<CompiledKey>,
    { sent, sentAt, asker }: { sent: SentQuestion; sentAt: number; asker: Request | null },
    result: Called<ReturnType<SimulatedGuard["ask"]>>,
  ): OwnUnits | null {
    const { slackMs } = this.#settings;
    const now = this.#now();
    if (result.failure !== null) {
      const isOverloaded = result.failure === "overloaded";
      noteFailed(group, sent, { isOverloaded, random: this.#network.random() }, now);
      return null;
    }
    const answer = compileAnswer(group, result.value, compile);
    noteAnswered(group, sent, answer, now);
    const own = receive(this.#state, group, { sent, answer, asker, slackMs }, now);
    this.#memory.measure(group, answer);
    const { queue } = this.#network;
    const leaseMs = result.value.leaseMs - slackMs - ageByTicks(queue.now - sentAt);
    if (leaseMs <= 0) endLease(group, sent);
    else queue.after(leaseMs, () => endLease(group, sent));
    return own;
  }

  #resume(group: Group<CompiledKey>, asker: Request, own: OwnUnits | null): void {
    const now = this.#now();
    const key = keyOf(group, asker.keyId);
    const decision = decideAsked(group, key, { request: asker, own, judge: judgeAt(now) }, now);
    if (decision.kind === "undecided") return this.#attempt(group, asker);
    this.#conclude(group, asker, decision, now);
  }

  #planLastWord(group: Group<CompiledKey>): void {
    const { name } = group;
    if (this.#reporting.has(name)) return;
    this.#reporting.add(name);
    const look = () => {
      const due = lastWordAt(group);
      const now = this.#now();
      if (due !== null && due > now) return this.#network.queue.after(Math.min(due - now, QUIET_MS), look);
      this.#reporting.delete(name);
      if (due !== null) this.#ask(group, null, true);
    };
    this.#network.queue.after(QUIET_MS, look);
  }
}

const compile = ({ record, denials }: GuardedKey): CompiledKey => compileKey(record, denials);

function judgeAt(now: number): Judge<CompiledKey, "absent" | "dead"> {
  return {
    absent: "absent",
    refusalOf: ({ record }) => (keyStatus(record, now) === "active" ? null : "dead"),
  };
}
