import { withoutSecrets } from "../core/key/key-secret.ts";
import type { Alarm } from "./alarm.ts";

/** A part of an object that has something to do when its time comes. */
export interface Scheduled {
  /** Runs the work that is due now. */
  run(now: number): void | Promise<void>;
  /** When it is to run next; milliseconds since the epoch, `null` for never. */
  nextAt(now: number): number | null;
}

/** How long after its failure a part may have the alarm ring again. */
const RETRY_MS = 10_000;

/** The work of an object's alarm. The parts share the alarm and nothing else: one that fails stops no other. */
export class Schedule {
  readonly #alarm: Alarm;
  readonly #parts: Readonly<Record<string, Scheduled>>;
  /** The earliest time at which a failed part has the alarm ring again, by its name; milliseconds since the epoch. */
  readonly #retryAt = new Map<string, number>();

  /** The parts start in the order given, and none waits for another. */
  constructor(alarm: Alarm, parts: Readonly<Record<string, Scheduled>>) {
    this.#alarm = alarm;
    this.#parts = parts;
  }

  /** Call this when the alarm has rung. */
  async run(): Promise<void> {
    this.#alarm.hasRung();
    await Promise.all(Object.entries(this.#parts).map(([name, part]) => this.#runOne(name, part)));
    this.plan();
  }

  /** Sets the alarm for the next work. */
  plan(): void {
    const now = Date.now();
    for (const [name, part] of Object.entries(this.#parts)) {
      const at = this.#nextOf(name, part, now);
      if (at !== null) this.#alarm.ringBy(Math.max(at, this.#retryAt.get(name) ?? 0));
    }
  }

  async #runOne(name: string, part: Scheduled): Promise<void> {
    try {
      await part.run(Date.now());
      this.#retryAt.delete(name);
    } catch (error) {
      this.#failed(name, error);
    }
  }

  #nextOf(name: string, part: Scheduled, now: number): number | null {
    try {
      return part.nextAt(now);
    } catch (error) {
      this.#failed(name, error);
      return now;
    }
  }

  #failed(name: string, error: unknown): void {
    const now = Date.now();
    this.#retryAt.set(name, now + RETRY_MS);
    const time = new Date(now).toISOString();
    console.error(JSON.stringify({ time, failed: name, reason: withoutSecrets(String(error)) }));
  }
}
