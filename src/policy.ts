import { POLICY_TABLE } from "#policy";
import { VAULT } from "./core/policy/resource-types.ts";
import { loadPolicy } from "./core/policy/route-policy.ts";

/** The policy of the guarded API, as the build has compiled it. */
export const policy = loadPolicy(POLICY_TABLE);

/** Whether the API has vaults. Without them the role `developer` needs none. */
export const hasVaults = policy.resourceTypes.has(VAULT);
