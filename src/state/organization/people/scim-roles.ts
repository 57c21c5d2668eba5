import { config } from "../../../config.ts";
import { grantsOf, type Grants, type RoleReading } from "../../../core/scim/roles.ts";
import { hasVaults } from "../../../policy.ts";

const READING: RoleReading = { roleNames: config.scimRoleNames, hasVaults };

/** Says the same as long as the same names stand for the same roles. */
export const scimRoleRules = JSON.stringify([hasVaults, ...config.scimRoleNames]);

/** The roles that names of SCIM's groups and of users' `roles` stand for here. */
export function scimGrants(names: readonly string[]): Grants {
  return grantsOf(names, READING);
}
