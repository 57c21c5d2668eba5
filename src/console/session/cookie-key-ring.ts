import { OBJECT_TIMEOUT_MS, within } from "../../core/concurrency.ts";
import type { Env } from "../../env.ts";
import type { CookieKey } from "../../state/deployment/cookie-keys.ts";
import { deploymentOf } from "../../state/deployment/deployment-object.ts";
import { required } from "../../core/required.ts";

/** The deployment is asked again after this, so that a newer key comes into use. */
const REFRESH_MS = 3_600_000;
/** And where it did not answer after this; meanwhile the known keys seal. */
const RETRY_MS = 60_000;
/** And for an unknown key at most this often, whatever cookies are sent. */
const UNKNOWN_KEY_COOLDOWN_MS = 10_000;

/** The deployment does not answer, and without it nobody can say which key it is. */
export class CookieKeysUnavailable extends Error {
  override readonly name = "CookieKeysUnavailable";
}

/** The deployment's cookie keys, as an isolate remembers them. */
export class CookieKeyRing {
  readonly #env: Env;
  #keys: readonly CookieKey[] = [];
  /** Milliseconds since the epoch. */
  #refreshAt = 0;
  #askedAt = 0;

  constructor(env: Env) {
    this.#env = env;
  }

  /** The key that seals. Throws {@link CookieKeysUnavailable} when none is known and the deployment does not answer. */
  async newest(now: number): Promise<CookieKey> {
    if (this.#keys.length === 0) await this.#ask(now);
    else if (now >= this.#refreshAt) await this.#refresh(now);
    return required(this.#keys[0], "cookie key");
  }

  /**
   * The key of this id, or `null` when there is none. Throws {@link CookieKeysUnavailable} when it is not known and the
   * deployment does not answer.
   */
  async find(id: string, now: number): Promise<CookieKey | null> {
    const known = this.#keys.find((key) => key.id === id);
    if (known !== undefined) return known;
    if (now < this.#askedAt + UNKNOWN_KEY_COOLDOWN_MS) return null;
    await this.#ask(now);
    return this.#keys.find((key) => key.id === id) ?? null;
  }

  async #refresh(now: number): Promise<void> {
    // Requests that come meanwhile use the known keys.
    this.#refreshAt = now + RETRY_MS;
    await this.#ask(now).catch(() => {});
  }

  async #ask(now: number): Promise<void> {
    try {
      this.#keys = await within(OBJECT_TIMEOUT_MS, deploymentOf(this.#env).cookieKeys());
    } catch (error) {
      throw new CookieKeysUnavailable(String(error));
    }
    this.#askedAt = now;
    this.#refreshAt = now + REFRESH_MS;
  }
}
