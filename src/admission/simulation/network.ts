import { EventQueue } from "./event-queue.ts";
import { seededRandom, type Random } from "./random.ts";

/** Where the clocks of the simulation start, in milliseconds since the epoch. */
const EPOCH_MS = 1_800_000_000_000;
/** Half a round trip takes up to a tenth more or less, and in one case of a hundred twice as long. */
const JITTER = 0.1;
const SLOW_SHARE = 0.01;

/** The time, the chance and the distances of one simulation. */
export class Network {
  readonly queue = new EventQueue();
  readonly random: Random;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** What every clock shows: whole milliseconds since the epoch. */
  clock(): number {
    return EPOCH_MS + Math.floor(this.queue.now);
  }

  /** How long a message takes one way. */
  leg(roundTripMs: number): number {
    const jitter = 1 - JITTER + 2 * JITTER * this.random();
    return (roundTripMs / 2) * jitter * (this.random() < SLOW_SHARE ? 2 : 1);
  }
}
