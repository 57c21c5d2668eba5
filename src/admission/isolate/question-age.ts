/** A question's first tick, and the time between later ones. */
const FIRST_TICK_MS = 5;
const TICK_MS = 20;

/** The age of a question by timers, which no step of the clock changes. */
export class QuestionAge {
  #ticks = 0;
  #timer: ReturnType<typeof setTimeout>;

  constructor() {
    this.#timer = this.#tick(FIRST_TICK_MS);
  }

  /** The age in milliseconds, or more, but for timers that are late. */
  get atMost(): number {
    return atMost(this.#ticks);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #tick(ms: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#ticks++;
      this.#timer = this.#tick(TICK_MS);
    }, ms);
  }
}

/** What {@link QuestionAge} says of an age when its timers are on time; milliseconds. */
export function ageByTicks(ageMs: number): number {
  return atMost(ageMs < FIRST_TICK_MS ? 0 : 1 + Math.floor((ageMs - FIRST_TICK_MS) / TICK_MS));
}

function atMost(ticks: number): number {
  return FIRST_TICK_MS + ticks * TICK_MS;
}
