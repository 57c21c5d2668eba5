import { EventQueue } from "../../../src/admission/simulation/event-queue.ts";
import { seededRandom, type Random } from "../../../src/admission/simulation/random.ts";
import type { Profile } from "./profiles.ts";
import type * as rules from "./rules.ts";
import { Truth } from "./truth.ts";

export type Rules = typeof rules;

/** Whoever takes part; what the dead had planned does not happen. */
export interface Actor {
  isDead: boolean;
}

/** A clock that drifts and is off. */
export interface Clock {
  readonly drift: number;
  offset: number;
}

/** What the platform is relied on for. */
export interface Platform {
  /** An answer leaves once all that was written before it is durable. */
  readonly holdsAnswers: boolean;
  /** The storage throws in an instance that another has superseded. */
  readonly stopsSuperseded: boolean;
}

export const KEYS = ["key_a", "key_b"];
export const GROUP = "g";
/** A message that is lost is noticed after this. */
const TIMEOUT_MS = 1500;
const SLOW = 4;
const START_MS = 1e9;

/** Time, chance and truth of one run. */
export class World {
  readonly queue = new EventQueue();
  readonly random: Random;
  readonly truth: Truth;
  readonly rules: Rules;
  readonly profile: Profile;
  readonly platform: Platform;
  readonly longestWayMs: number;
  readonly longestWriteMs: number;
  readonly endMs: number;
  bounds: { base: number; max: number };

  constructor(rules: Rules, platform: Platform, profile: Profile, seed: number) {
    this.rules = rules;
    this.platform = platform;
    this.profile = profile;
    this.random = seededRandom(seed * 7919 + 13);
    this.truth = new Truth(profile);
    this.bounds = this.newBounds();
    this.longestWayMs = this.pick(profile.distances);
    this.longestWriteMs = this.pick(profile.writes);
    this.endMs = this.pick(profile.lengths);
  }

  newBounds(): { base: number; max: number } {
    return { base: this.pick(this.profile.bases), max: this.pick(this.profile.maxes) };
  }

  newClock(): Clock {
    const { drift, offsetMs } = this.profile;
    return { drift: this.between(-drift, drift), offset: this.between(-offsetMs, offsetMs) };
  }

  read({ drift, offset }: Clock): number {
    return Math.floor(this.queue.now * (1 + drift) + offset + START_MS);
  }

  between(from: number, to: number): number {
    return from + this.random() * (to - from);
  }

  chance(share: number): boolean {
    return share > 0 && this.random() < share;
  }

  pick<T>(list: readonly T[]): T {
    const one = list[Math.floor(this.random() * list.length)];
    if (one === undefined) throw new Error("nothing to choose from");
    return one;
  }

  /** How long a message takes. */
  way(): number {
    return this.between(0, this.longestWayMs * (this.chance(this.profile.slow) ? SLOW : 1));
  }

  after(ms: number, actor: Actor | null, run: () => void): void {
    this.queue.after(ms, () => {
      if (actor === null || !actor.isDead) run();
    });
  }

  /** Runs again and again, until the end, `everyMs` apart on average. */
  repeat(everyMs: number, from: number, run: () => void): void {
    const again = () => {
      const gap = -Math.log(1 - this.random()) * everyMs;
      if (this.queue.now + gap < this.endMs) {
        this.queue.after(gap, () => {
          again();
          run();
        });
      }
    };
    this.queue.after(from, again);
  }

  /** How long until the caller of a message that is lost knows it: at once, by a reset, or late. */
  loss(): number {
    return this.chance(0.5) ? 0 : TIMEOUT_MS;
  }
}
