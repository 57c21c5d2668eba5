import type { Admission } from "../admission/isolate/admission.ts";
import type { Dataset } from "../core/usage/metrics.ts";
import type { RoutePolicy } from "../core/policy/route-policy.ts";
import type { Config } from "../settings.ts";
import type { AccessTokens } from "../state/access-tokens.ts";
import type { Assertions } from "../state/assertions.ts";
import type { FailureLimiter } from "../state/failure-limiter.ts";
import type { ImportedKeys } from "../state/imported-keys.ts";
import type { Origins } from "./origins.ts";

/** What an isolate needs to decide about requests. */
export interface Gateway {
  readonly config: Config;
  readonly policy: RoutePolicy;
  readonly admission: Admission;
  readonly failures: FailureLimiter;
  /** Whether keys have been imported. */
  readonly imports: ImportedKeys;
  readonly tokens: AccessTokens;
  /** Scheme and authority of the gateway for a request to this address: what tokens for it must name. */
  readonly issuerOf: (url: string) => string;
  /** `null` when the origin gets none. */
  readonly assertions: Assertions | null;
  readonly origins: Origins;
  /** Where a data point of each request goes; `null` when none is bound. */
  readonly metrics: Dataset | null;
}
