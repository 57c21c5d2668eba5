import type { PolicyTable } from "../core/policy/route-policy.ts";

export const POLICY_TABLE: PolicyTable;
