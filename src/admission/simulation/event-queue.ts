interface Event {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** Virtual time: events run one by one in the order of their times, which are milliseconds from the start. */
export class EventQueue {
  now = 0;
  readonly #heap: Event[] = [];
  #scheduled = 0;

  /** Runs `run` at a time; one that has passed is now. */
  at(time: number, run: () => void): void {
    this.#push({ at: Math.max(this.now, time), order: this.#scheduled++, run });
  }

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run);
  }

  /** Runs one event, unless the next is later than `end`; whether it ran one. */
  step(end: number): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.at > end) return false;
    this.#pop();
    this.now = next.at;
    next.run();
    return true;
  }

  runUntil(end: number): void {
    while (this.step(end));
    this.now = Math.max(this.now, end);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(event, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const below = this.#earlierChild(at);
      const child = heap[below];
      if (child === undefined || !isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }

  #earlierChild(at: number): number {
    const left = this.#heap[2 * at + 1];
    const right = this.#heap[2 * at + 2];
    return left !== undefined && right !== undefined && isBefore(right, left) ? 2 * at + 2 : 2 * at + 1;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
