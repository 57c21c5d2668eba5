import { OBJECT_TIMEOUT_MS, within } from "../core/concurrency.ts";

/** The entry in KV that is there once a key has been imported. No key and no guard has this name. */
const ENTRY = "imported-keys";
/** How long the answer that there are none yet is believed. */
const BELIEVED_MS = 1000;
const READ_TIMEOUT_MS = 500;

/**
 * Whether keys have been imported into this deployment, so that a credential of their form is worth asking a guard about.
 * A setting may say so. Otherwise an isolate learns it from KV, at most once a second and only when such a credential
 * comes; once it is known it stays true.
 */
export class ImportedKeys {
  readonly #kv: KVNamespace;
  /** `null`: as soon as one has been imported. */
  readonly #setting: "on" | "off" | null;
  #known = false;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(kv: KVNamespace, setting: "on" | "off" | null) {
    this.#kv = kv;
    this.#setting = setting;
  }

  /** Whether such a credential may be a key at all. */
  get arePossible(): boolean {
    return this.#setting !== "off";
  }

  /** What is known at `now` (milliseconds since the epoch); `null` when KV is to be asked. */
  peek(now: number): boolean | null {
    return this.#setting === null ? this.#remembered(now) : this.#setting === "on";
  }

  /** The same, asking KV if need be; true when KV does not answer, so that the guards decide. */
  async find(now: number): Promise<boolean> {
    return this.#setting === null ? this.#ask(now) : this.#setting === "on";
  }

  /** The same for one to be revoked: `off` hides none, for the setting may go back on and the key must not. */
  async findRevocable(now: number): Promise<boolean> {
    return this.#setting === "on" || this.#ask(now);
  }

  #remembered(now: number): boolean | null {
    if (this.#known) return true;
    return now >= this.#askedAt && now < this.#askedAt + BELIEVED_MS ? false : null;
  }

  async #ask(now: number): Promise<boolean> {
    const remembered = this.#remembered(now);
    if (remembered !== null) return remembered;
    try {
      this.#known = (await within(READ_TIMEOUT_MS, this.#kv.get(ENTRY))) !== null;
      this.#askedAt = now;
      return this.#known;
    } catch {
      return true;
    }
  }

  /** Makes it known that a key is about to be imported. Rejects when KV does not take it. */
  async announce(): Promise<void> {
    if (this.#known) return;
    await within(OBJECT_TIMEOUT_MS, this.#kv.put(ENTRY, "{}"));
    this.#known = true;
  }
}
