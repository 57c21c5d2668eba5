import { config } from "../../../config.ts";
import { grantsOf, type Grants } from "../../../core/scim/roles.ts";

/** The roles that names of SCIM's groups and of users' `roles` stand for here. */
export function scimGrants(names: readonly string[]): Grants {
  return grantsOf(names, config.scimRoleNames);
}
