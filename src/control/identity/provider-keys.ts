import {
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from "jose";
import { z } from "zod";
import { isSafeEndpoint, issuerTemplate } from "../../core/identity/settings.ts";
import { isRefusal } from "../../core/refusal.ts";
import { CachedValue } from "../../state/cached-value.ts";
import { readAtMost } from "../../core/http/body.ts";
import { lineOf, messageOf, systemCodeOf } from "../../core/thrown.ts";

/** The provider is asked again after ten minutes, and for an unknown `kid` at most once a minute. */
const PROVIDER_MAX_AGE_MS = 600_000;
/** The pause after a failed fetch; until then the keys fetched last are used. */
export const PROVIDER_RETRY_MS = 10_000;
const UNKNOWN_KEY_COOLDOWN_MS = 60_000;
const FETCH_TIMEOUT_MS = 5000;
/** Room for thousands of keys with their certificates. */
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;
const POLL_MS = 25;

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });
/** One key that is broken must not hide the others. */
const KeySet = z.object({
  keys: z
    .array(z.unknown())
    .transform((keys) => keys.filter((key) => z.object({ kty: z.string() }).safeParse(key).success)),
});

type LocalKeys = ReturnType<typeof createLocalJWKSet>;
export type KeyHeader = JWSHeaderParameters;

/** The provider cannot be asked for its keys, or answers with something else. */
export class ProviderUnavailable extends Error {
  override readonly name = "ProviderUnavailable";
}

/** Where the keys of signatures come from. */
export interface KeySource {
  /** The key for a signature; throws what jose throws when there is none, and {@link ProviderUnavailable}. */
  find(header: KeyHeader, token: FlattenedJWSInput, now: number): ReturnType<LocalKeys>;
}

/** The keys that the provider's discovery document names, as an isolate remembers them. */
export class ProviderKeys implements KeySource {
  readonly #issuer: string;
  readonly #keys = new CachedValue((now) => this.#discover(now), {
    maxAgeMs: PROVIDER_MAX_AGE_MS,
    retryMs: PROVIDER_RETRY_MS,
  });

  constructor(issuer: string) {
    this.#issuer = issuer;
  }

  async find(header: KeyHeader, token: FlattenedJWSInput, now: number): ReturnType<LocalKeys> {
    const keys = await this.#keys.get(now).catch(unavailable);
    try {
      return await keys.current(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await keys.renew(now).catch(unavailable);
    return keys.current(header, token);
  }

  async #discover(now: number): Promise<KeysAt> {
    const url = `${this.#issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const metadata = await fetchJson(url, Discovery, "no discovery document with issuer and jwks_uri");
    if (metadata.issuer !== this.#issuer && metadata.issuer !== issuerTemplate(this.#issuer)) {
      throw new Error(`The discovery document is of another issuer: OIDC_ISSUER would be ${metadata.issuer}`);
    }
    if (!isSafeEndpoint(metadata.jwks_uri, { issuer: this.#issuer })) {
      throw new Error(`The discovery document names no safe jwks_uri: ${metadata.jwks_uri}`);
    }
    const keys = new KeysAt(metadata.jwks_uri);
    await keys.load(now);
    return keys;
  }
}

/** The key set at an address. */
class KeysAt {
  readonly #url: string;
  /** Milliseconds since the epoch. */
  #askAgainAt = 0;
  #asking = false;
  /** Why the last attempt to load them failed. */
  #failure: unknown = null;
  #current: LocalKeys = createLocalJWKSet({ keys: [] });

  constructor(url: string) {
    this.#url = url;
  }

  get current(): LocalKeys {
    return this.#current;
  }

  async load(now: number): Promise<void> {
    this.#asking = true;
    try {
      const { keys } = await fetchJson(this.#url, KeySet, "no list of keys");
      this.#current = createLocalJWKSet({ keys } as JSONWebKeySet);
      this.#askAgainAt = now + UNKNOWN_KEY_COOLDOWN_MS;
      this.#failure = null;
    } catch (error) {
      this.#askAgainAt = now + PROVIDER_RETRY_MS;
      this.#failure = error;
      throw error;
    } finally {
      this.#asking = false;
    }
  }

  /** For a key that is not among them: loads them again, unless that was not long ago. */
  async renew(now: number): Promise<void> {
    // Another request's promise must not be awaited in this runtime; its outcome is.
    for (let waited = 0; this.#asking && waited < FETCH_TIMEOUT_MS; waited += POLL_MS) await sleep(POLL_MS);
    if (now >= this.#askAgainAt) return this.load(now);
    if (this.#failure !== null) throw new Error(messageOf(this.#failure), { cause: this.#failure });
  }
}

/** Redirects are not followed: they might lead from a safe address to another. */
async function fetchJson<T>(url: string, schema: z.ZodType<T>, otherwise: string): Promise<T> {
  const { status, body } = await ask(url);
  if (status !== 200) throw new Error(`${url} answers ${status}`);
  const bytes = await readAtMost(body, MAX_ANSWER_BYTES);
  if (isRefusal(bytes)) {
    const tooLong = bytes.code === "payload_too_large";
    throw new Error(
      `${url} ${tooLong ? `answers more than ${MAX_ANSWER_BYTES} bytes` : "breaks off its answer"}`,
    );
  }
  const read = schema.safeParse(parsed(bytes));
  if (!read.success) throw new Error(`${url} answers ${otherwise}`);
  return read.data;
}

async function ask(url: string): Promise<Response> {
  try {
    return await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
  } catch (error) {
    const silent = error instanceof Error && error.name === "TimeoutError";
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    const how = systemCodeOf(cause) ?? lineOf(cause);
    const why = silent ? `says nothing for ${FETCH_TIMEOUT_MS / 1000} s` : `cannot be reached: ${how}`;
    throw new Error(`${url} ${why}`, { cause: error });
  }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

function unavailable(error: unknown): never {
  throw new ProviderUnavailable(messageOf(error), { cause: error });
}
