import {
  ADMIN,
  type Actor,
  type Me,
  type OrganizationInfo,
  type UsageSummary,
} from "../../core/organization/organization.ts";
import type {
  CreatedKey,
  KeyChange,
  KeyDraft,
  KeyOutcome,
  KeyQuery,
  KeySummary,
  ManagedKey,
  Receipt,
} from "../../core/organization/managed-key.ts";
import type { FieldProblem } from "../../core/http/field-problems.ts";
import { isRefusal, refuse, type Result } from "../../core/refusal.ts";
import type { UsageStretch } from "../../core/usage/windows.ts";
import { actOnAll, type BulkAct } from "./keys/bulk.ts";
import { summarize } from "./keys/key-summary.ts";
import type { UpdatePreview } from "./usage/key-use.ts";
import type { DirectoryUser } from "./people/user-table.ts";
import { AdministeredOrganization } from "./administered-organization.ts";

/**
 * The record of one organisation: its keys, its people, and who has changed what. Its methods are called by RPC; those
 * with an actor first bring the directory up to date with the actor's token, and refuse a deactivated person. Those that
 * any of its people may call are here, those for admins and for operators in the classes that it extends.
 */
export class Organization extends AdministeredOrganization {
  /** The organisation as the actor may see it. */
  describe(actor: Actor): Promise<Result<OrganizationInfo>> {
    return this.authorize.as(actor, ({ roles }) => ({
      id: actor.orgId,
      bootstrappedAt: this.parts.settings.bootstrappedAt(),
      groupsWithoutRole: roles.includes(ADMIN) ? this.parts.people.groupsWithoutRole() : null,
    }));
  }

  /** The actor as this organisation knows them, by identity token and SCIM together. */
  me(actor: Actor): Promise<Result<Me>> {
    return this.authorize.as(actor, ({ id, name, roles, vaultRoles }) => ({
      id,
      name,
      email: actor.email,
      roles,
      vaultRoles,
    }));
  }

  /** Makes a key; no other answer has its secret. `request` names the request: repeated, it makes no second key. */
  createKey(actor: Actor, draft: KeyDraft, request: string | null = null): Promise<Result<CreatedKey>> {
    const act = this.authorize.adding((me) => this.parts.keys.create(actor, me, draft, request));
    return this.authorize.as(actor, act);
  }

  /** All problems of a new key's fields that only the organisation can find. */
  async draftProblems(
    actor: Actor,
    draft: Partial<Pick<KeyDraft, "ownerId" | "vaults">>,
  ): Promise<readonly FieldProblem[]> {
    const problems = await this.authorize.as(actor, (me) => this.parts.keyRules.draftProblems(me, draft));
    return isRefusal(problems) ? [] : problems;
  }

  /** The same of a change of a key. */
  async changeProblems(
    actor: Actor,
    keyId: string,
    change: Pick<KeyChange, "vaults">,
  ): Promise<readonly FieldProblem[]> {
    const problems = await this.authorize.as(actor, (me) => {
      const key = this.parts.keys.find(me, keyId);
      return key === null ? [] : this.parts.keyRules.changeProblems(key, change);
    });
    return isRefusal(problems) ? [] : problems;
  }

  getKey(actor: Actor, keyId: string): Promise<Result<ManagedKey>> {
    return this.authorize.as(actor, (me) => this.parts.keys.find(me, keyId) ?? refuse("not_found"));
  }

  /** A key with the receipt of its revocation; `null` while it is not revoked, or not everywhere. */
  describeKey(
    actor: Actor,
    keyId: string,
  ): Promise<Result<{ readonly key: ManagedKey; readonly receipt: Receipt | null }>> {
    return this.authorize.as(actor, (me) => this.parts.keys.describe(me, keyId));
  }

  /** The key whose string has this SHA-256 (lower-case hex), if the actor may see it. */
  findKeyByHash(actor: Actor, hash: string): Promise<Result<{ readonly key: ManagedKey | null }>> {
    return this.authorize.as(actor, (me) => ({ key: this.parts.keys.findByHash(me, hash) }));
  }

  /** A page of keys, and one more if there is a next page. */
  listKeys(actor: Actor, query: KeyQuery): Promise<Result<ManagedKey[]>> {
    return this.authorize.as(actor, (me) => this.parts.keys.list(me, query));
  }

  /** Counts an owner's keys, or with `*` everybody's (admins); `null` where there are too many to count. */
  countKeys(actor: Actor, ownerId: string | null): Promise<Result<{ readonly counts: KeySummary | null }>> {
    return this.authorize.as(actor, (me) => {
      const owner = ownerId ?? me.id;
      if (owner !== me.id && !me.roles.includes(ADMIN)) return refuse("role_required");
      return { counts: summarize(this.ctx.storage.sql, owner === "*" ? null : owner, Date.now()) };
    });
  }

  /** Revokes or disables several keys, and tells of each what became of it. Each refusal is audited as if it had been asked for alone. */
  actOnKeys(
    actor: Actor,
    act: { readonly act: BulkAct; readonly keyIds: readonly string[]; readonly reason: string | null },
  ): Promise<Result<KeyOutcome[]>> {
    const operation = act.act === "revoke" ? "revokeApiKey" : "updateApiKey";
    return this.authorize.as(actor, async (me) => {
      const outcomes = await actOnAll(this.parts.keys, actor, me, act);
      for (const { keyId, code } of outcomes) {
        if (code !== null) this.noteRefusal(actor, operation, keyId, code);
      }
      return outcomes;
    });
  }

  /** Ids of vaults that keys and roles name, and one more if there is a next page; `inUse`: that roles and used keys name. */
  listVaultIds(actor: Actor, limit: number, after: string, inUse = false): Promise<Result<string[]>> {
    return this.authorize.as(actor, (me) => this.parts.keys.vaultIds(me, { limit, after, inUse }));
  }

  updateKey(
    actor: Actor,
    keyId: string,
    change: KeyChange,
    expected: readonly number[] | null,
  ): Promise<Result<ManagedKey>> {
    const act = (me: DirectoryUser) => this.parts.keys.update(actor, me, { keyId, change, expected });
    return this.authorize.as(actor, disables(change) ? act : this.authorize.adding(act));
  }

  revokeKey(actor: Actor, keyId: string, reason: string | null): Promise<Result<Receipt>> {
    return this.authorize.as(actor, (me) => this.parts.keys.revoke(actor, me, keyId, reason));
  }

  /**
   * Makes the successor of a key; no other answer has its secret. The old one works for `overlapMs` more. `request` names
   * the request: repeated, it rotates the key once.
   */
  rotateKey(
    actor: Actor,
    keyId: string,
    overlapMs: number,
    request: string | null = null,
  ): Promise<Result<CreatedKey>> {
    const act = this.authorize.adding(async (me) => {
      const created = await this.parts.rotation.rotate(actor, me, { keyId, overlapMs, request });
      this.parts.schedule.plan();
      return created;
    });
    return this.authorize.as(actor, act);
  }

  /** What one key was used for, what its guard has not delivered yet included. */
  usageOfKey(actor: Actor, keyId: string, stretch: UsageStretch): Promise<Result<UsageSummary>> {
    return this.authorize.as(actor, (me) => this.parts.use.ofKey(me, keyId, stretch));
  }

  /** What a change would make of a key, and what the key was used for since `from`. It changes nothing. */
  previewUpdate(
    actor: Actor,
    keyId: string,
    change: KeyChange,
    from: number,
  ): Promise<Result<UpdatePreview>> {
    return this.authorize.as(actor, (me) => this.parts.use.preview(actor, me, { keyId, change, from }));
  }
}

/** Whether an edit disables a key, and does no more. */
function disables({ disabled, ...rest }: KeyChange): boolean {
  return disabled === true && Object.keys(rest).length === 0;
}
