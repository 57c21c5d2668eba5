import type { Answer } from "../../../src/admission/protocol.ts";
import type { Group, HeldKey, Isolate, SentQuestion, Waiting } from "../../../src/admission/rules/held.ts";
import type { Decision, Judge, OwnUnits, Undecided } from "../../../src/admission/rules/isolate.ts";
import type { Load } from "../../../src/admission/rules/load.ts";
import type { GuardedKey } from "../../../src/admission/rules/records.ts";
import { keyStatus } from "../../../src/core/key/key-record.ts";
import type { ModelGuard } from "./guards.ts";
import { ADDRESSES, TOKENS } from "./organization.ts";
import type { Promised } from "./truth.ts";
import { GROUP, KEYS, type Actor, type Clock, type World } from "./world.ts";

type Settled = Exclude<Decision<GuardedKey, string>, Undecided>;

/** A request with what was promised to it when it arrived. */
interface Request extends Waiting {
  readonly promised: Promised;
  readonly judge: Judge<GuardedKey, string>;
  readonly arrivedAt: number;
  /** When its client gives up; the request and its question end. */
  readonly endsAt: number;
}

const FINAL_LOOK_MS = 500;
const MAX_FINAL_WAIT_MS = 3000;
/** Leases that are asked for and renewals happen at random too: safety rests on no policy. */
const RANDOM_LEASE_SHARE = 0.3;
const MAX_RANDOM_LEASE_MS = 1500;
const RANDOM_RENEWAL_SHARE = 0.01;

/** An isolate over the rules, with a clock of its own. */
export class ModelIsolate implements Actor {
  isDead = false;
  idleUntil = 0;
  readonly clock: Clock;
  readonly #world: World;
  readonly #guard: ModelGuard;
  readonly #slackMs: number;
  readonly #state: Isolate<GuardedKey>;
  readonly #group: Group<GuardedKey>;
  readonly #load: Load;
  #isReporting = false;

  constructor(world: World, guard: ModelGuard) {
    this.#world = world;
    this.#guard = guard;
    this.#slackMs = world.profile.slackMs;
    this.clock = world.newClock();
    if (world.profile.countsByTime) this.clock.offset = 0;
    this.#state = world.rules.newIsolate();
    this.#group = world.rules.newGroup("group");
    this.#state.groups.set(GROUP, this.#group);
    this.#load = world.rules.newLoad(0);
  }

  read(): number {
    return this.#world.rules.readClock(this.#state, this.#world.read(this.clock));
  }

  request(): void {
    const world = this.#world;
    const keyId = world.pick(KEYS);
    const waiting = world.rules.arrive(this.#group, keyId, world.pick(world.profile.costs));
    const endsAt = world.chance(world.profile.abandon) ? world.queue.now + world.between(0, 100) : Infinity;
    // A request presents the key itself or a token of it.
    const token = world.chance(0.5) ? world.pick(TOKENS) : "";
    const promised = world.truth.promised(keyId, token);
    this.#attempt({ ...waiting, promised, judge: this.#newJudge(token), arrivedAt: this.read(), endsAt });
  }

  #newJudge(token: string): Judge<GuardedKey, string> {
    const address = this.#world.pick(ADDRESSES);
    return {
      absent: "absent",
      refusalOf: ({ record, denials }) => {
        if (Object.hasOwn(denials.tokens, token)) return "token";
        const status = keyStatus(record, 0);
        if (status !== "active") return status;
        return record.allowedIps.length > 0 && !record.allowedIps.includes(address) ? "address" : null;
      },
    };
  }

  #keyOf(id: string): HeldKey<GuardedKey> {
    return this.#world.rules.keyOf(this.#group, id);
  }

  #attempt(request: Request): void {
    const { rules, queue } = this.#world;
    if (queue.now > request.endsAt) return;
    const now = this.read();
    const key = this.#keyOf(request.keyId);
    const decision = rules.decide(this.#group, key, request, request.judge, now);
    if (decision.kind !== "undecided") return this.#conclude(request, decision, now);
    rules.noteDemand(this.#group, key, request, now);
    const next = rules.nextStep(this.#group, request, request.arrivedAt, now);
    if (next.kind === "ask") this.#ask(request, false);
    if (next.kind === "wait") this.#world.after(next.ms, this, () => this.#attempt(request));
  }

  #conclude(request: Request, decision: Settled, now: number): void {
    const { rules, truth } = this.#world;
    const { keyId, cost, promised } = request;
    const key = this.#keyOf(keyId);
    if (decision.kind === "refused") return truth.refused(keyId, decision.held, promised);
    if (decision.kind === "limited") {
      const { number = 0, limit } = key.window ?? {};
      const { units } = key;
      return truth.limited(keyId, { number, limit: limit?.requests ?? 0, units, cost }, promised);
    }
    const byGuard = decision.by === "guard";
    truth.admitted(decision.held, { cost, window: decision.window, byGuard }, promised);
    rules.noteUse(this.#group, key, cost, now);
    this.#renew(now);
    this.#planLastWord();
  }

  #renew(now: number): void {
    const { rules, profile } = this.#world;
    const isDue = profile.renews && rules.isRenewalDue(this.#group, now);
    if (isDue || (this.#world.chance(RANDOM_RENEWAL_SHARE) && this.#group.underWay.length === 0)) {
      this.#ask(null, false);
    }
  }

  #planLastWord(): void {
    if (this.#isReporting) return;
    this.#isReporting = true;
    const look = () => {
      const now = this.read();
      const due = this.#world.rules.lastWordAt(this.#group);
      if (due !== null && due > now) {
        return this.#world.after(Math.min(due - now, MAX_FINAL_WAIT_MS), this, look);
      }
      this.#isReporting = false;
      if (due !== null) this.#ask(null, true);
    };
    this.#world.after(FINAL_LOOK_MS, this, look);
  }

  #ask(asker: Request | null, isFinal: boolean): void {
    const { rules, queue, profile } = this.#world;
    const now = this.read();
    this.#setUnitsAside();
    const wants = rules.wantsOf(this.#group, { asker, report: null, isFinal }, now);
    const sent = rules.compose(
      this.#state,
      this.#group,
      { wants, report: null, leaseMs: this.#leaseWanted(), isFinal },
      now,
    );
    const sentAt = queue.now;
    rules.noteSent(this.#group, sent);
    this.#guard.send<Answer<GuardedKey>>(
      this,
      (guard, reply) => reply(guard.ask(sent.question)),
      (answer) => {
        // A question ends with the request that asked.
        if (asker !== null && queue.now > asker.endsAt) return;
        const own = answer === null ? this.#fail(sent) : this.#take(sent, sentAt, answer, asker);
        if (asker === null) return;
        if (own === "failed") this.#attempt(asker);
        else this.#resume(asker, own);
      },
      isFinal ? profile.loseLastWord : profile.lose,
    );
  }

  #setUnitsAside(): void {
    const { rules, profile } = this.#world;
    if (this.#group.failures > 0) return;
    for (const key of this.#group.keys.values()) {
      if (key.units > 1 && this.#world.chance(profile.setAside)) {
        rules.setAside(key, Math.ceil(this.#world.between(0, key.units)));
      }
    }
  }

  #leaseWanted(): number {
    if (this.#world.chance(RANDOM_LEASE_SHARE)) return this.#world.between(0, MAX_RANDOM_LEASE_MS);
    return this.#world.rules.leaseWanted(this.#group.roundTripMs, this.#load, this.#slackMs);
  }

  #fail(sent: SentQuestion): "failed" {
    const { rules, random } = this.#world;
    const isOverloaded = this.#world.chance(0.3);
    rules.noteFailed(this.#group, sent, { isOverloaded, random: random() }, this.read());
    return "failed";
  }

  #take(
    sent: SentQuestion,
    sentAt: number,
    answer: Answer<GuardedKey>,
    asker: Request | null,
  ): OwnUnits | null {
    const { rules, profile } = this.#world;
    const now = this.read();
    rules.noteAnswered(this.#group, sent, answer, now);
    if (profile.hasTimers) this.#endByTimer(sent, sentAt, answer.leaseMs);
    return rules.receive(this.#state, this.#group, { sent, answer, asker, slackMs: this.#slackMs }, now);
  }

  #endByTimer(sent: SentQuestion, sentAt: number, leaseMs: number): void {
    const { rules, queue } = this.#world;
    const left = Math.max(0, leaseMs - this.#slackMs) / (1 + this.clock.drift) - (queue.now - sentAt);
    if (left > 0) this.#world.after(left, this, () => rules.endLease(this.#group, sent));
    else rules.endLease(this.#group, sent);
  }

  #resume(asker: Request, own: OwnUnits | null): void {
    const now = this.read();
    const key = this.#keyOf(asker.keyId);
    const decision = this.#world.rules.decideAsked(
      this.#group,
      key,
      { request: asker, own, judge: asker.judge },
      now,
    );
    if (decision.kind === "undecided") this.#attempt(asker);
    else this.#conclude(asker, decision, now);
  }
}
