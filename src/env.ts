import type { Deployment } from "./state/deployment/deployment.ts";
import type { KeyGuard } from "./admission/guard/key-guard.ts";
import type { Organization } from "./state/organization/organization.ts";

/** The Worker's bindings. Its variables are read through `settings.ts` alone. */
export interface Env {
  readonly KEY_GUARD: DurableObjectNamespace<KeyGuard>;
  readonly ORGANIZATION: DurableObjectNamespace<Organization>;
  readonly DEPLOYMENT: DurableObjectNamespace<Deployment>;
  readonly KEY_RECORDS: KVNamespace;
  readonly FAILURES: RateLimit;
  /** Data points of every request; without it none are written. */
  readonly METRICS?: AnalyticsEngineDataset;
}
