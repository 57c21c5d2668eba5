import { OBJECT_TIMEOUT_MS, within } from "../../core/concurrency.ts";
import type { Env } from "../../env.ts";
import type { CookieKey } from "../../state/deployment/cookie-keys.ts";
import { deploymentOf } from "../../state/deployment/deployment-object.ts";
import { required } from "../../core/required.ts";

/** The deployment is asked again after this, so that a newer key comes into use. */
const REFRESH_MS = 3_600_000;
/** And for an unknown key at most this often, whatever cookies are sent. */
const UNKNOWN_KEY_COOLDOWN_MS = 10_000;

/** The deployment's cookie keys, as an isolate remembers them. */
export class CookieKeyRing {
  readonly #env: Env;
  #keys: readonly CookieKey[] = [];
  /** Milliseconds since the epoch. */
  #askedAt = 0;

  constructor(env: Env) {
    this.#env = env;
  }

  /** The key that seals. */
  async newest(now: number): Promise<CookieKey> {
    if (this.#keys.length === 0 || now >= this.#askedAt + REFRESH_MS) await this.#ask(now);
    return required(this.#keys[0], "cookie key");
  }

  /** The key of this id, or `null` when there is none. */
  async find(id: string, now: number): Promise<CookieKey | null> {
    const known = this.#keys.find((key) => key.id === id);
    if (known !== undefined) return known;
    if (now < this.#askedAt + UNKNOWN_KEY_COOLDOWN_MS) return null;
    await this.#ask(now);
    return this.#keys.find((key) => key.id === id) ?? null;
  }

  async #ask(now: number): Promise<void> {
    this.#keys = await within(OBJECT_TIMEOUT_MS, deploymentOf(this.#env).cookieKeys());
    this.#askedAt = now;
  }
}
