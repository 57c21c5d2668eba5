/** Works through items, at most `limit` at a time; rejects with the first failure. */
export async function eachOf<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
}

/** Cuts a list into lists of at most `size`. */
export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

/** Cuts a list into lists that weigh at most `limit` each; an item that alone weighs more is one by itself. */
export function chunksByWeight<T>(items: Iterable<T>, limit: number, weightOf: (item: T) => number): T[][] {
  const chunks: T[][] = [];
  let weight = 0;
  for (const item of items) {
    const more = weightOf(item);
    if (chunks.length === 0 || weight + more > limit) {
      chunks.push([]);
      weight = 0;
    }
    chunks.at(-1)?.push(item);
    weight += more;
  }
  return chunks;
}

/**
 * A pause in work over very many objects. In workerd on one machine they call each other without ever waiting for the
 * network: only a timer lets other requests through, and objects that are idle leave memory.
 */
export function letOthersRun(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1);
  });
}

/** How long to wait for a Durable Object before it counts as unreachable. */
export const OBJECT_TIMEOUT_MS = 5000;

/** How long to wait for an object that asks others in turn, a batch of guards or the pages of a list. */
export const BATCH_TIMEOUT_MS = 50_000;

/** Nothing came within the time that one waits. */
export class Late extends Error {
  override readonly name = "Late";
}

/** Waits for an answer, at most `ms` milliseconds, and then rejects with {@link Late}; the work goes on. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const deadline = new Deadline(ms);
  try {
    return await deadline.meet(work);
  } finally {
    deadline.clear();
  }
}

/** A time limit of `ms` milliseconds from now on that many pieces of work share. */
export class Deadline {
  readonly #timeout: Promise<never>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number) {
    this.#timeout = new Promise<never>((_, reject) => {
      this.#timer = setTimeout(() => reject(new Late(`No answer within ${ms} ms`)), ms);
    });
    this.#timeout.catch(() => {});
  }

  /** Waits for an answer and rejects when the time is over; the work goes on. */
  meet<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#timeout]);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}
