import type { VaultSet } from "../key/key-record.ts";
import { PLAIN_SEGMENT } from "../policy/scope.ts";
import type { OutcomeCounts, UsageRefusal } from "../usage/usage.ts";

/** Roles on vaults: vault id, or `*` for every vault, to the roles held there. */
export type VaultRoles = Readonly<Record<string, readonly string[]>>;

/** The role that may use a vault through keys. */
export const DEVELOPER = "developer";

/** The role that manages an organisation. */
export const ADMIN = "admin";

/** What an organisation's id looks like; in a URL `.` and `..` would lead elsewhere. */
export const ORG_ID = /^(?!\.{1,2}$)[\w.:@-]{1,128}$/;

/** The caller, as a verified identity token names them, and their address. */
export interface Actor {
  readonly orgId: string;
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  /** `false` where the provider says that nobody has confirmed the address. */
  readonly emailVerified: boolean;
  readonly roles: readonly string[];
  readonly vaultRoles: VaultRoles;
  /** When the identity provider said so; milliseconds since the epoch. An older token never undoes a newer one. */
  readonly claimsAt: number;
  /** Whether the sign-in used a second factor, and not long ago. */
  readonly freshMfa: boolean;
  /** Whether they run the deployment. */
  readonly operator: boolean;
  readonly requestId: string;
  readonly address: string;
}

/** Somebody as their organisation knows them. */
export interface Me {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly roles: readonly string[];
  readonly vaultRoles: VaultRoles;
}

/** The vaults on which somebody holds the Developer role; a name that no vault can have stands for none. */
export function developerVaults(vaultRoles: VaultRoles): VaultSet {
  const vaults = Object.keys(vaultRoles).filter(
    (vault) => (vault === "*" || PLAIN_SEGMENT.test(vault)) && vaultRoles[vault]?.includes(DEVELOPER),
  );
  return vaults.includes("*") ? "*" : vaults;
}

/** What an organisation tells of itself. */
export interface OrganizationInfo {
  readonly id: string;
  /** Milliseconds since the epoch; `null` before bootstrap. */
  readonly bootstrappedAt: number | null;
  /** For admins: SCIM groups whose name gives no role; `null` for everybody else. */
  readonly groupsWithoutRole: readonly string[] | null;
}

/** A change, or a refused attempt at one. */
export interface AuditEvent {
  /** Grows with time. */
  readonly id: number;
  readonly at: number;
  readonly actor: { readonly id: string; readonly name: string | null };
  /** Whether the actor is a person of this organisation. */
  readonly actorKnown: boolean;
  readonly action: string;
  readonly target: string;
  /** What the key, the person or the group is called now. */
  readonly targetName: string | null;
  /** Whether there is such a key, person or service user now. */
  readonly targetKnown: boolean;
  /** Why the attempt was refused; `null` for what was done. */
  readonly refusal: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
  /** JSON text of the values before and after. */
  readonly before: string | null;
  readonly after: string | null;
  /** Of the last event of a page that may end early: whether there are more. */
  readonly hasMore?: true;
}

export interface AuditQuery {
  /** How an id or a name begins; of a target, or a `keyPrefix`. */
  readonly actor: string | null;
  readonly action: string | null;
  readonly target: string | null;
  /** Objects of the version before take no notice of it. */
  readonly outcome?: "done" | "refused" | null;
  /** Milliseconds since the epoch: not before, and before. */
  readonly from: number | null;
  readonly to: number | null;
  /** Only events with a smaller id: the next page. */
  readonly before: number | null;
  readonly limit: number;
  /** A page ends where an answer has no more room. Workers of the version before take a short page for the last. */
  readonly endsEarly?: true;
}

/** Counts in one step of time. */
export interface UsageBucket extends OutcomeCounts {
  /** Milliseconds since the epoch. */
  readonly start: number;
}

/** What one key, or all keys together, were used for. */
export interface UsageSummary {
  /** Empty ones are left out. */
  readonly buckets: readonly UsageBucket[];
  /** The most used first. */
  readonly operations: readonly { readonly name: string; readonly calls: number }[];
  readonly addresses: readonly { readonly name: string; readonly calls: number }[];
  /** The latest first. */
  readonly refusals: readonly UsageRefusal[];
}

/** Counts of one key. */
export interface KeyUsage extends OutcomeCounts {
  readonly keyId: string;
  readonly name: string;
}

/** A user that has keys and cannot sign in. */
export interface ServiceUser {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly vaultRoles: VaultRoles;
  readonly active: boolean;
  readonly createdAt: number;
}

export type ServiceUserChange = Partial<Pick<ServiceUser, "name" | "description" | "vaultRoles" | "active">>;

/** Where a page of users ends: the oldest come first. */
export interface UserPosition {
  readonly createdAt: number;
  readonly id: string;
}

/** A role, and what gives it. */
export interface PersonRole {
  readonly role: string;
  readonly from: "token" | "scim";
}

/** A person who has a role or a key, or is known by SCIM. */
export interface OrgPerson {
  readonly id: string;
  readonly name: string;
  readonly email: string | null;
  readonly active: boolean;
  readonly roles: readonly PersonRole[];
  /** How many keys they have that are not revoked. */
  readonly keys: number;
  /** Milliseconds since the epoch; `null` if they never have. */
  readonly lastSignInAt: number | null;
  /** `null` if SCIM does not know them. */
  readonly scim: "matched" | "deleted" | "unmatched" | null;
}

/** An author and a time, in milliseconds since the epoch. */
export interface Authorship {
  readonly at: number;
  readonly by: { readonly id: string; readonly name: string };
}

/** The credentials of the organisation itself; `null` for those that it does not have. */
export interface Credentials {
  readonly scimToken: {
    /** `null` of a token that was made before this was kept. */
    readonly made: Authorship | null;
    readonly lastUsedAt: number | null;
  } | null;
  /** In the order in which they take over. Those that renewed themselves were made by nobody. */
  readonly signingKeys: readonly {
    readonly kid: string;
    readonly activeFrom: number;
    readonly made: Authorship | null;
  }[];
  readonly webhookSecret: { readonly made: Authorship | null; readonly createdAt: number } | null;
}

/** Where a page of people ends: they come by name. */
export interface PersonPosition {
  readonly name: string;
  readonly id: string;
}
