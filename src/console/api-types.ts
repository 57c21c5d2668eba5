import type { KeyJson } from "../core/key-json.ts";
import type { VaultRoles } from "../core/organization.ts";

/** What the control API answers, as its OpenAPI document says. Times are ISO 8601 in UTC. */

export const KEY_STATUSES = ["active", "disabled", "expired", "revoked"] as const;
export type KeyStatus = (typeof KEY_STATUSES)[number];

export type Key = KeyJson;

/** A key at the one moment at which its secret is told. */
export interface CreatedKey extends Key {
  readonly key: string;
}

/** That a key is dead everywhere, and since when. */
export interface Receipt {
  readonly keyId: string;
  readonly requestedAt: string;
  readonly effectiveAt: string;
  readonly version: number;
}

/** What an edit would have done to the calls of the last day. */
export interface Impact {
  readonly calls: number;
  readonly wouldRefuse: number;
  readonly wouldSeeLess: number;
  readonly unknown: number;
  readonly byReason: readonly {
    readonly reason: "disabled" | "expired" | "address" | "scope" | "vault";
    readonly calls: number;
  }[];
  readonly examples: readonly {
    readonly operation: string;
    readonly resource: string | null;
    readonly address: string;
    readonly calls: number;
  }[];
}

/** A user that has keys and cannot sign in. */
export interface ServiceUser {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly vaultRoles: VaultRoles;
  readonly active: boolean;
  readonly createdAt: string;
}

/** A page of a list. */
export interface Page<T> {
  readonly data: readonly T[];
  readonly pagination: { readonly limit: number; readonly nextCursor: string | null };
}

export interface AuditEvent {
  readonly id: string;
  readonly time: string;
  readonly actor: { readonly id: string; readonly name: string | null };
  readonly action: string;
  readonly target: string;
  readonly targetName: string | null;
  readonly outcome: "done" | "refused";
  readonly code: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** Whoever is signed in. */
export interface Me {
  readonly id: string;
  readonly orgId: string;
  readonly name: string;
  readonly email: string | null;
  readonly roles: readonly string[];
  readonly vaultRoles: VaultRoles;
  readonly operator: boolean;
}

export interface Organization {
  readonly id: string;
  readonly bootstrapped: boolean;
  readonly bootstrappedAt: string | null;
}

/** A user that has keys and cannot sign in. */
export interface ServiceUser {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly vaultRoles: VaultRoles;
  readonly active: boolean;
  readonly createdAt: string;
}

export interface SigningKey {
  readonly kid: string;
  /** From when on it signs. */
  readonly activeFrom: string;
}

export interface Webhook {
  readonly url: string;
  readonly description: string | null;
  readonly disabled: boolean;
  /** Why nothing is sent, if nobody asked for it. */
  readonly disabledReason: string | null;
  readonly previousSecretUntil: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface WebhookDelivery {
  readonly id: string;
  readonly type: string;
  readonly keyId: string | null;
  readonly status: "pending" | "delivered" | "failed";
  readonly attempts: number;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
}
