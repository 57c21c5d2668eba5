import type { Admission, AdmissionSource, Presented } from "../admission/isolate/admission.ts";
import type { Background } from "../core/background.ts";
import type { Caller } from "../core/caller.ts";
import type { CompiledKey } from "../core/compiled-key.ts";
import type { Dataset } from "../core/metrics.ts";
import type { RateHeaders } from "../core/rate-window.ts";
import type { Refusal } from "../core/refusal.ts";
import type { Match, Operation, RoutePolicy } from "../core/policy/route-policy.ts";
import type { Config } from "../env.ts";
import type { AccessTokens, VerifiedToken } from "../state/access-tokens.ts";
import type { Assertions } from "../state/assertions.ts";
import type { FailureLimiter } from "../state/failure-limiter.ts";
import type { OriginConfig } from "./forward.ts";
import type { Origins } from "./origins.ts";

/** What an isolate needs to decide about requests. */
export interface Gateway {
  readonly config: Config;
  readonly policy: RoutePolicy;
  readonly admission: Admission;
  readonly failures: FailureLimiter;
  readonly tokens: AccessTokens;
  /** Scheme and authority of the gateway for a request to this address: what tokens for it must name. */
  readonly issuerOf: (url: string) => string;
  /** `null` when the origin gets none. */
  readonly assertions: Assertions | null;
  readonly origins: Origins;
  /** Where a data point of each request goes; `null` when none is bound. */
  readonly metrics: Dataset | null;
}

/** One request on its way through the gateway: each step adds what it found out. */
export interface Exchange {
  readonly request: Request;
  readonly background: Background;
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** The client's address, as Cloudflare gives it; empty when it gives none. */
  readonly address: string;

  /** The key that was presented, or that the presented token was made from. */
  keyId?: string;
  presented?: Presented;
  token?: VerifiedToken;
  /** The version of the key that this request is decided by. */
  key?: CompiledKey;
  /** Whoever presented the key or the token, by that version. */
  caller?: Caller;
  admission?: AdmissionSource;
  admittedAt?: number;
  rate?: RateHeaders;
  /** The raw path and query that were matched. */
  path?: string;
  query?: string;
  operation?: Operation;
  params?: Readonly<Record<string, string>>;
  /** Operations that the request could be as well: it must be allowed as each of them. */
  also?: readonly Match[];
  /** Which items of a list the credential may see; `null` for all. */
  visible?: ((id: string) => boolean) | null;
  /** Where the operation is served; `null` when `ORIGINS` does not name its servers. */
  origin?: OriginConfig | null;
  /** The signed form of who calls. */
  assertion?: string;
  /** When the origin was asked, and when its headers had come. */
  forwardedAt?: number;
  answeredAt?: number;
}

/** A step refuses the request or lets it go on. */
export type Step = (x: Exchange, gateway: Gateway) => Refusal | null | Promise<Refusal | null>;
