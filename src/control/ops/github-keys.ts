import { importSPKI, type CryptoKey } from "jose";
import { z } from "zod";
import { isRefusal, refuse, type Result } from "../../core/refusal.ts";
import { readAtMost } from "../../core/http/body.ts";

/** The list is fetched anew after an hour. While GitHub does not give it, it counts for a day. */
const MAX_AGE_MS = 3_600_000;
const MAX_STALE_MS = 86_400_000;
/** How often somebody can have the list fetched by naming keys that are not in it. */
const UNKNOWN_COOLDOWN_MS = 60_000;
/** A list that could not be fetched is asked for again after this. */
const RETRY_MS = 10_000;
const FETCH_TIMEOUT_MS = 5000;
const MAX_LIST_BYTES = 262_144;

const KeyList = z.object({
  public_keys: z.array(z.object({ key_identifier: z.string(), key: z.string() })),
});

interface Known {
  readonly keys: ReadonlyMap<string, CryptoKey>;
  readonly fetchedAt: number;
}

/** The list of keys could not be fetched, and the last copy does not hold the key. */
const UNAVAILABLE = refuse("identity_provider_unavailable", {
  retryAfter: RETRY_MS / 1000,
  reason: "GitHub's list of keys cannot be fetched",
});

/**
 * The keys with which GitHub signs its reports, by their identifiers: fetched when they are first needed, when they
 * are old, and when a report names one that is not known, which may be new.
 */
export class GithubKeys {
  readonly #url: string;
  #known: Known | null = null;
  /** Until when a fetch is under way, at the longest; milliseconds since the epoch, as all of these. */
  #fetchingUntil = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #unknownAskedAt = Number.NEGATIVE_INFINITY;

  constructor(url: string) {
    this.#url = url;
  }

  /** A key of the list; `null` when there is none of this name. */
  async find(identifier: string, now: number): Promise<Result<CryptoKey | null>> {
    if (this.#known === null || now - this.#known.fetchedAt >= MAX_AGE_MS) {
      await this.#fetch(identifier, now);
    }
    const key = this.#lookUp(identifier, now);
    if (key !== undefined) return key;
    if (now - this.#unknownAskedAt >= UNKNOWN_COOLDOWN_MS && this.#known?.fetchedAt !== now) {
      this.#unknownAskedAt = now;
      await this.#fetch(identifier, now);
    } else {
      await this.#othersFetch(identifier, now);
    }
    const found = this.#lookUp(identifier, now);
    if (found === undefined && (this.#known === null || this.#failedAt > this.#known.fetchedAt)) {
      return UNAVAILABLE;
    }
    return found ?? null;
  }

  #lookUp(identifier: string, now: number): CryptoKey | undefined {
    if (this.#known === null || now - this.#known.fetchedAt >= MAX_STALE_MS) return undefined;
    return this.#known.keys.get(identifier);
  }

  /** Requests must not wait for each other's promises: while another fetches the list, this one looks again. */
  async #othersFetch(identifier: string, now: number): Promise<void> {
    const startedAt = Date.now();
    const mayStillCome = (): boolean =>
      now + Date.now() - startedAt < this.#fetchingUntil && this.#known?.keys.has(identifier) !== true;
    while (mayStillCome()) {
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }

  /** Fetches the list, unless that has just failed. A failure keeps the last copy. */
  async #fetch(identifier: string, now: number): Promise<void> {
    if (now < this.#fetchingUntil) return this.#othersFetch(identifier, now);
    if (now - this.#failedAt < RETRY_MS) return;
    this.#fetchingUntil = now + FETCH_TIMEOUT_MS;
    try {
      this.#known = { keys: await this.#download(), fetchedAt: now };
    } catch {
      this.#failedAt = now;
    }
    this.#fetchingUntil = 0;
  }

  async #download(): Promise<ReadonlyMap<string, CryptoKey>> {
    const response = await fetch(this.#url, {
      // GitHub refuses requests without a User-Agent.
      headers: { "User-Agent": "Portcullis", Accept: "application/json" },
      redirect: "manual",
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    });
    const bytes = await readAtMost(response.body, MAX_LIST_BYTES);
    if (response.status !== 200 || isRefusal(bytes)) throw new Error(`The list answers ${response.status}`);
    const list = KeyList.parse(JSON.parse(new TextDecoder().decode(bytes)));
    const imported = await Promise.all(
      list.public_keys.map(async ({ key_identifier: name, key }) => {
        // A key of another kind among them does not make the others useless.
        const usable = await importSPKI(key, "ES256").catch(() => null);
        return usable === null ? [] : [[name, usable] as const];
      }),
    );
    return new Map(imported.flat());
  }
}
