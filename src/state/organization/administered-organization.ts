import type { FieldProblem } from "../../core/http/field-problems.ts";
import type { ChangingOperation } from "../../core/organization/audit-event.ts";
import {
  type Actor,
  type AuditEvent,
  type AuditQuery,
  type Credentials,
  type KeyUsage,
  type OrganizationInfo,
  type OrgPerson,
  type PersonPosition,
  type ServiceUser,
  type ServiceUserChange,
  type UsageSummary,
  type UserPosition,
  type VaultRoles,
} from "../../core/organization/organization.ts";
import type { OwnedKeys, Receipt } from "../../core/organization/managed-key.ts";
import { isRefusal, refuse, type Result } from "../../core/refusal.ts";
import type { RefusalCode } from "../../core/refusal-table.ts";
import { NO_ROOM_FOR_MORE, UNKNOWN_TOKEN } from "../../core/scim/problem.ts";
import type { WebhookDelivery, WebhookDraft, WebhookEndpoint } from "../../core/organization/webhook.ts";
import type { UsageStretch } from "../../core/usage/windows.ts";
import type { Author } from "./audit/audit-log.ts";
import { ownedKeys } from "./keys/key-summary.ts";
import type { OwnerPreview } from "./usage/key-use.ts";
import type { ExportPage, ExportPosition } from "./organization-export.ts";
import type { ScimAnswer, ScimCommand } from "./people/scim-command.ts";
import type { SigningKeyInfo } from "./tokens.ts";
import { OperatedOrganization } from "./operated-organization.ts";

/** What an organisation's admins and its SCIM client ask of it. */
export abstract class AdministeredOrganization extends OperatedOrganization {
  /** A page of everything on record, with the hashes of keys when they are asked for. */
  exportPage(actor: Actor, position: ExportPosition, hashes: boolean): Promise<Result<ExportPage>> {
    return this.authorize.asAdmin(actor, () => {
      if (hashes && !actor.freshMfa) return refuse("mfa_required");
      return this.parts.exports.page(position, hashes, Date.now());
    });
  }

  /** Sets the organisation up, once: makes its signing key. */
  bootstrap(actor: Actor): Promise<Result<OrganizationInfo>> {
    return this.authorize.asAdmin(actor, () => this.parts.tokens.bootstrap(actor));
  }

  /** What the whole organisation's keys were used for, by time and by key. */
  usageOfAll(
    actor: Actor,
    stretch: UsageStretch,
  ): Promise<Result<UsageSummary & { readonly byKey: KeyUsage[] }>> {
    return this.authorize.asAdmin(actor, () => this.parts.use.ofAll(stretch));
  }

  /** Publishes the next signing key, which takes over a little later. */
  rotateSigningKey(actor: Actor): Promise<Result<SigningKeyInfo>> {
    return this.authorize.asAdmin(actor, () => this.parts.tokens.rotate(actor));
  }

  /** Sets the SHA-256 of the SCIM client's token; the token before ends. */
  setScimToken(actor: Actor, hash: string): Promise<Result<{ set: true }>> {
    return this.authorize.asAdmin(
      actor,
      this.authorize.adding(() => this.parts.scimToken.set(actor, hash)),
    );
  }

  /** Whether this is the SHA-256 of the SCIM client's token. */
  knowsScimToken(hash: string): boolean {
    if (!this.authorize.exists || !this.parts.scimToken.hasHash(hash)) return false;
    this.parts.scimToken.noteUse(Date.now());
    return true;
  }

  /** The organisation's own credentials: since when there are any, by whom, and when they were last used. */
  describeCredentials(actor: Actor): Promise<Result<Credentials>> {
    return this.authorize.asAdmin(actor, () => ({
      scimToken: this.parts.scimToken.describe(),
      signingKeys: this.parts.tokens.describe(),
      webhookSecret: this.parts.webhooks.describeSecret(),
    }));
  }

  /** Does what a SCIM client asks for, if its token is still the one that counts. */
  async scim(author: Author, tokenHash: string, command: ScimCommand): Promise<ScimAnswer> {
    if (!this.knowsScimToken(tokenHash)) return UNKNOWN_TOKEN;
    if (command.kind === "create" && this.authorize.isNearlyFull) return NO_ROOM_FOR_MORE;
    return this.parts.scim.run(author, command);
  }

  /** A page of audit events, the newest first, and one more if there is a next page. */
  listAuditEvents(actor: Actor, query: AuditQuery): Promise<Result<AuditEvent[]>> {
    return this.authorize.asAdmin(actor, () => this.parts.audit.list(query, Date.now()));
  }

  /** Notes an attempt at a change that was refused. */
  noteRefusal(
    actor: Author,
    operation: ChangingOperation,
    target: string,
    refusal: RefusalCode,
    fault?: FieldProblem,
  ): void {
    this.authorize.open();
    if (this.authorize.isNearlyFull) return;
    this.parts.audit.addRefusal(actor, { action: operation, target, refusal, fault }, Date.now());
  }

  /** A page of people by name, and one more if there is a next page. */
  listPeople(
    actor: Actor,
    limit: number,
    after: PersonPosition | null,
    q: string | null = null,
  ): Promise<Result<OrgPerson[]>> {
    return this.authorize.asAdmin(actor, () => this.parts.people.list(limit, after, q));
  }

  getPerson(actor: Actor, id: string): Promise<Result<OrgPerson>> {
    return this.authorize.asAdmin(actor, () => this.parts.people.find(id) ?? refuse("not_found"));
  }

  /** How many keys each of some owners has, and their last use, by the owners' ids. */
  ownedKeys(actor: Actor, ids: readonly string[]): Promise<Result<Map<string, OwnedKeys>>> {
    return this.authorize.asAdmin(actor, () => ownedKeys(this.ctx.storage.sql, ids));
  }

  /** Revokes every key of somebody. */
  revokePersonKeys(actor: Actor, id: string, reason: string): Promise<Result<Receipt[]>> {
    return this.authorize.asAdmin(actor, () => this.parts.people.revokeKeys(actor, id, reason));
  }

  getServiceUser(actor: Actor, id: string): Promise<Result<ServiceUser>> {
    return this.authorize.asAdmin(actor, () => this.parts.serviceUsers.find(id));
  }

  /** A page of service users, and one more if there is a next page. */
  listServiceUsers(
    actor: Actor,
    limit: number,
    after: UserPosition | null,
    q: string | null = null,
  ): Promise<Result<ServiceUser[]>> {
    return this.authorize.asAdmin(actor, () => this.parts.serviceUsers.list(limit, after, q));
  }

  /** What other roles of a service user would make of its keys, and what each was used for since `from`. It changes nothing. */
  previewServiceUser(
    actor: Actor,
    id: string,
    vaultRoles: VaultRoles,
    from: number,
  ): Promise<Result<OwnerPreview[]>> {
    return this.authorize.asAdmin<Result<OwnerPreview[]>>(actor, () => {
      const user = this.parts.serviceUsers.find(id);
      return isRefusal(user) ? user : this.parts.use.previewOwner(actor.orgId, id, vaultRoles, from);
    });
  }

  createServiceUser(
    actor: Actor,
    id: string,
    draft: Required<ServiceUserChange>,
  ): Promise<Result<ServiceUser>> {
    return this.authorize.asAdmin(
      actor,
      this.authorize.adding(() => this.parts.serviceUsers.create(actor, id, draft)),
    );
  }

  updateServiceUser(actor: Actor, id: string, change: ServiceUserChange): Promise<Result<ServiceUser>> {
    const act = () => this.parts.serviceUsers.update(actor, id, change);
    const isEnd = change.active === false;
    return this.authorize.asAdmin(actor, isEnd ? act : this.authorize.adding(act));
  }

  deleteServiceUser(actor: Actor, id: string): Promise<Result<{ readonly id: string }>> {
    return this.authorize.asAdmin(actor, () => this.parts.serviceUsers.delete(actor, id));
  }

  getWebhook(actor: Actor): Promise<Result<WebhookEndpoint>> {
    return this.authorize.asAdmin(actor, () => this.parts.webhooks.find());
  }

  /** Sets where events go; returns the secret of a new endpoint, only here. */
  putWebhook(
    actor: Actor,
    draft: WebhookDraft,
  ): Promise<Result<{ endpoint: WebhookEndpoint; secret: string | null }>> {
    return this.authorize.asAdmin(
      actor,
      this.authorize.adding(() => this.parts.webhooks.put(actor, draft)),
    );
  }

  deleteWebhook(actor: Actor): Promise<Result<{ deleted: true }>> {
    return this.authorize.asAdmin(actor, () => this.parts.webhooks.delete(actor));
  }

  rotateWebhookSecret(actor: Actor): Promise<Result<{ endpoint: WebhookEndpoint; secret: string }>> {
    return this.authorize.asAdmin(
      actor,
      this.authorize.adding(() => this.parts.webhooks.rotateSecret(actor)),
    );
  }

  testWebhook(actor: Actor): Promise<Result<WebhookDelivery>> {
    return this.authorize.asAdmin(
      actor,
      this.authorize.adding(() => this.parts.webhooks.test(actor)),
    );
  }

  /** Has an event sent to the webhook once more. */
  resendWebhookDelivery(actor: Actor, id: string): Promise<Result<WebhookDelivery>> {
    return this.authorize.asAdmin(
      actor,
      this.authorize.adding(() => this.parts.webhooks.resend(actor, id)),
    );
  }

  /** A page of deliveries, the newest first, and one more if there is a next page. */
  listWebhookDeliveries(
    actor: Actor,
    limit: number,
    before: number | null,
  ): Promise<Result<WebhookDelivery[]>> {
    return this.authorize.asAdmin(actor, () => this.parts.webhooks.deliveries(limit, before));
  }
}
