import { DurableObject } from "cloudflare:workers";
import {
  ADMIN,
  type Actor,
  type AuditEvent,
  type AuditQuery,
  type Credentials,
  type KeyUsage,
  type Me,
  type OrganizationInfo,
  type OrgPerson,
  type PersonPosition,
  type ServiceUser,
  type ServiceUserChange,
  type UsageSummary,
  type UserPosition,
  type VaultRoles,
} from "../../core/organization/organization.ts";
import type {
  CreatedKey,
  KeyChange,
  KeyDraft,
  KeyOutcome,
  KeyQuery,
  KeySummary,
  ManagedKey,
  OwnedKeys,
  Receipt,
} from "../../core/organization/managed-key.ts";
import type { AccessToken } from "../../core/token/access-token.ts";
import type { FieldProblem } from "../../core/http/field-problems.ts";
import { importRefused, type ImportResult, type KeyImport } from "../../core/organization/key-import.ts";
import type { Difference, GuardPage, GuardPosition } from "../../core/key/reconciliation.ts";
import { isRefusal, refuse, type Result } from "../../core/refusal.ts";
import type { RefusalCode } from "../../core/refusal-table.ts";
import type { Cut, RevocationRequest, TokenCut } from "../../core/organization/revocation.ts";
import { NO_ROOM_FOR_MORE, UNKNOWN_TOKEN } from "../../core/scim/problem.ts";
import type { PublicJwk } from "../../core/token/signing-key.ts";
import type { UsageBatch, UsageReport } from "../../core/usage/usage.ts";
import type { WebhookDelivery, WebhookDraft, WebhookEndpoint } from "../../core/organization/webhook.ts";
import type { UsageStretch } from "../../core/usage/windows.ts";
import type { Env } from "../../env.ts";
import type { Author } from "./audit/audit-log.ts";
import { actOnAll, type BulkAct } from "./keys/bulk.ts";
import { ownedKeys, summarize } from "./keys/key-summary.ts";
import type { OwnerPreview, UpdatePreview } from "./usage/key-use.ts";
import type { ErasedAtGuards } from "./erasure.ts";
import type { ExportPage, ExportPosition } from "./organization-export.ts";
import { wire, type Parts } from "./wiring.ts";
import type { DirectoryUser } from "./people/user-table.ts";
import type { ScimAnswer, ScimCommand } from "./people/scim-command.ts";
import type { SigningKeyInfo } from "./tokens.ts";

/**
 * The record of one organisation: its keys, its people, and who has changed what. Its methods are called by RPC; those
 * with an actor first bring the directory up to date with the actor's token, and refuse a deactivated person.
 */
export class Organization extends DurableObject<Env> {
  #parts: Parts = wire(this.ctx, this.env);
  #authorize = this.#parts.authorize;

  /** The organisation as the actor may see it. */
  describe(actor: Actor): Promise<Result<OrganizationInfo>> {
    return this.#authorize.as(actor, ({ roles }) => ({
      id: actor.orgId,
      bootstrappedAt: this.#parts.settings.bootstrappedAt(),
      groupsWithoutRole: roles.includes(ADMIN) ? this.#parts.people.groupsWithoutRole() : null,
    }));
  }

  /** The actor as this organisation knows them, by identity token and SCIM together. */
  me(actor: Actor): Promise<Result<Me>> {
    return this.#authorize.as(actor, ({ id, name, roles, vaultRoles }) => ({
      id,
      name,
      email: actor.email,
      roles,
      vaultRoles,
    }));
  }

  /** A page of everything on record, with the hashes of keys when they are asked for. */
  exportPage(actor: Actor, position: ExportPosition, hashes: boolean): Promise<Result<ExportPage>> {
    return this.#authorize.asAdmin(actor, () => {
      if (hashes && !actor.freshMfa) return refuse("mfa_required");
      return this.#parts.exports.page(position, hashes, Date.now());
    });
  }

  /** Sets the organisation up, once: makes its signing key. */
  bootstrap(actor: Actor): Promise<Result<OrganizationInfo>> {
    return this.#authorize.asAdmin(actor, () => this.#parts.tokens.bootstrap(actor));
  }

  /** Makes a key; no other answer has its secret. `request` names the request: repeated, it makes no second key. */
  createKey(actor: Actor, draft: KeyDraft, request: string | null = null): Promise<Result<CreatedKey>> {
    const act = this.#authorize.adding((me) => this.#parts.keys.create(actor, me, draft, request));
    return this.#authorize.as(actor, act);
  }

  /** All problems of a new key's fields that only the organisation can find. */
  async draftProblems(
    actor: Actor,
    draft: Partial<Pick<KeyDraft, "ownerId" | "vaults">>,
  ): Promise<readonly FieldProblem[]> {
    const problems = await this.#authorize.as(actor, (me) => this.#parts.keyRules.draftProblems(me, draft));
    return isRefusal(problems) ? [] : problems;
  }

  /** The same of a change of a key. */
  async changeProblems(
    actor: Actor,
    keyId: string,
    change: Pick<KeyChange, "vaults">,
  ): Promise<readonly FieldProblem[]> {
    const problems = await this.#authorize.as(actor, (me) => {
      const key = this.#parts.keys.find(me, keyId);
      return key === null ? [] : this.#parts.keyRules.changeProblems(key, change);
    });
    return isRefusal(problems) ? [] : problems;
  }

  getKey(actor: Actor, keyId: string): Promise<Result<ManagedKey>> {
    return this.#authorize.as(actor, (me) => this.#parts.keys.find(me, keyId) ?? refuse("not_found"));
  }

  /** A key with the receipt of its revocation; `null` while it is not revoked, or not everywhere. */
  describeKey(
    actor: Actor,
    keyId: string,
  ): Promise<Result<{ readonly key: ManagedKey; readonly receipt: Receipt | null }>> {
    return this.#authorize.as(actor, (me) => this.#parts.keys.describe(me, keyId));
  }

  /** The key whose string has this SHA-256 (lower-case hex), if the actor may see it. */
  findKeyByHash(actor: Actor, hash: string): Promise<Result<{ readonly key: ManagedKey | null }>> {
    return this.#authorize.as(actor, (me) => ({ key: this.#parts.keys.findByHash(me, hash) }));
  }

  /** A page of keys, and one more if there is a next page. */
  listKeys(actor: Actor, query: KeyQuery): Promise<Result<ManagedKey[]>> {
    return this.#authorize.as(actor, (me) => this.#parts.keys.list(me, query));
  }

  /** Counts an owner's keys, or with `*` everybody's (admins); `null` where there are too many to count. */
  countKeys(actor: Actor, ownerId: string | null): Promise<Result<{ readonly counts: KeySummary | null }>> {
    return this.#authorize.as(actor, (me) => {
      const owner = ownerId ?? me.id;
      if (owner !== me.id && !me.roles.includes(ADMIN)) return refuse("role_required");
      return { counts: summarize(this.ctx.storage.sql, owner === "*" ? null : owner, Date.now()) };
    });
  }

  /** Revokes or disables several keys, and tells of each what became of it. */
  actOnKeys(
    actor: Actor,
    act: { readonly act: BulkAct; readonly keyIds: readonly string[]; readonly reason: string | null },
  ): Promise<Result<KeyOutcome[]>> {
    return this.#authorize.as(actor, (me) => actOnAll(this.#parts.keys, actor, me, act));
  }

  /** Ids of vaults that keys and roles name, and one more if there is a next page. */
  listVaultIds(actor: Actor, limit: number, after: string): Promise<Result<string[]>> {
    return this.#authorize.as(actor, (me) => this.#parts.keys.vaultIds(me, limit, after));
  }

  updateKey(
    actor: Actor,
    keyId: string,
    change: KeyChange,
    expected: readonly number[] | null,
  ): Promise<Result<ManagedKey>> {
    const act = (me: DirectoryUser) => this.#parts.keys.update(actor, me, { keyId, change, expected });
    return this.#authorize.as(actor, disables(change) ? act : this.#authorize.adding(act));
  }

  revokeKey(actor: Actor, keyId: string, reason: string | null): Promise<Result<Receipt>> {
    return this.#authorize.as(actor, (me) => this.#parts.keys.revoke(actor, me, keyId, reason));
  }

  /**
   * Whether a person is not deactivated here, by the subject and the verified address of their token; a stranger is not.
   * Writes nothing.
   */
  isActive(userId: string, email: string | null): boolean {
    return !this.#authorize.exists || this.#parts.directory.isActive(userId, email);
  }

  /** For operators: a page of the ids of an owner's keys, or with `null` of everybody's. */
  listKeyIds(ownerId: string | null, after: string, limit: number): string[] {
    return this.#authorize.hasTables ? this.#parts.keyTable.idsAfter(ownerId, after, limit) : [];
  }

  /** Records keys that an operator has cut at their guards; a repeat changes nothing. */
  noteCuts(request: RevocationRequest, cuts: readonly Cut[]): void {
    if (this.#authorize.exists) this.#parts.cuts.note(request, cuts, Date.now());
  }

  /** For operators: the names of all guards that may have keys of the organisation. */
  guardNames(orgId: string): Promise<string[]> {
    return this.#parts.guardPages.names(orgId, this.#authorize.hasTables);
  }

  /** For operators: a page of them. */
  guardPage(orgId: string, position: GuardPosition, limit: number): Promise<GuardPage> {
    return this.#parts.guardPages.page(orgId, this.#authorize.hasTables, position, limit);
  }

  /** For operators: how many guards are on record. */
  countGuards(): number {
    return this.#authorize.hasTables ? this.#parts.guardPages.count() : 0;
  }

  /** For operators: which of some guards may have keys of the organisation. */
  servingGuards(orgId: string, guards: readonly string[]): Promise<string[]> {
    return this.#parts.guardPages.serving(orgId, this.#authorize.hasTables, guards);
  }

  /** For operators: how its record of keys, their guards and KV differ; with `fix` that is settled. */
  async reconcile(
    author: Author,
    orgId: string,
    guards: readonly string[],
    fix: boolean,
  ): Promise<Difference[]> {
    this.#authorize.open();
    if (fix) this.#parts.settings.setOrgId(orgId);
    return this.#parts.reconciliation.run(author, orgId, guards, fix);
  }

  /** For operators: takes in keys that were made elsewhere; tells of each, in their order, what became of it. */
  async importKeys(author: Author, imports: readonly KeyImport[]): Promise<ImportResult[]> {
    if (!this.#authorize.exists)
      return imports.map(() => importRefused("orgId: There is no such organisation"));
    if (this.#authorize.isNearlyFull)
      return imports.map(() => importRefused("orgId: The organisation's storage is nearly full"));
    return this.#parts.imports.run(author, imports);
  }

  /** For operators: whether anything is on record here, or at guards that are registered for the organisation. */
  async hasRecord(orgId: string): Promise<boolean> {
    return this.#authorize.hasTables || (await this.guardNames(orgId)).length > 0;
  }

  /** Begins to erase the organisation: nothing else happens here from now on. Tells the guards of its keys. */
  close(orgId: string): Promise<string[]> {
    this.#authorize.close();
    return this.guardNames(orgId);
  }

  /**
   * Cuts and erases all that some guards, and KV, have of the organisation. Those whose receipts are `recorded` are done:
   * an erasure that is broken off goes on with the others.
   */
  eraseAtGuards(
    orgId: string,
    guards: readonly string[],
    recorded: readonly string[] = [],
  ): Promise<ErasedAtGuards> {
    if (this.#authorize.hasTables) this.#parts.guards.forgetErased(recorded);
    return this.#parts.erasure.atGuards(orgId, guards);
  }

  /** For operators: keys that live again at guards of an erased organisation; with `fix` they are erased again. */
  findRestored(orgId: string, guards: readonly string[], fix: boolean): Promise<Difference[]> {
    return this.#parts.erasure.findRestored(orgId, guards, fix);
  }

  /** The ids of everybody who has signed in, of an organisation that is being erased. */
  peopleIds(): string[] {
    return this.#authorize.hasTables ? this.#parts.users.people() : [];
  }

  /** Erases everything here, if that was begun. */
  async erase(): Promise<void> {
    if (!this.#authorize.isClosed) return;
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.#parts = wire(this.ctx, this.env);
    this.#authorize = this.#parts.authorize;
  }

  /** Notes that an operator, who belongs to this organisation, has erased another. */
  noteErasure(operator: Author, orgId: string): void {
    this.#authorize.open();
    const entry = { action: "organization.erased", target: orgId, before: null, after: null };
    this.#parts.audit.add(operator, entry, Date.now());
  }

  /** Takes in what a key's guard has counted. */
  recordUsage(keyId: string, batch: UsageBatch): void {
    if (this.#takesUsage) this.#parts.usageIntake.recordKey(keyId, batch, Date.now());
  }

  /** Takes in what the guard of a group of keys has counted; a repeat changes nothing. */
  recordGroupUsage(report: UsageReport): void {
    if (this.#takesUsage) this.#parts.usageIntake.recordGroup(report, Date.now());
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
    const act = this.#authorize.adding(async (me) => {
      const created = await this.#parts.rotation.rotate(actor, me, { keyId, overlapMs, request });
      this.#parts.schedule.plan();
      return created;
    });
    return this.#authorize.as(actor, act);
  }

  /** What one key was used for, what its guard has not delivered yet included. */
  usageOfKey(actor: Actor, keyId: string, stretch: UsageStretch): Promise<Result<UsageSummary>> {
    return this.#authorize.as(actor, (me) => this.#parts.use.ofKey(me, keyId, stretch));
  }

  /** What a change would make of a key, and what the key was used for since `from`. It changes nothing. */
  previewUpdate(
    actor: Actor,
    keyId: string,
    change: KeyChange,
    from: number,
  ): Promise<Result<UpdatePreview>> {
    return this.#authorize.as(actor, (me) => this.#parts.use.preview(actor, me, { keyId, change, from }));
  }

  /** What the whole organisation's keys were used for, by time and by key. */
  usageOfAll(
    actor: Actor,
    stretch: UsageStretch,
  ): Promise<Result<UsageSummary & { readonly byKey: KeyUsage[] }>> {
    return this.#authorize.asAdmin(actor, () => this.#parts.use.ofAll(stretch));
  }

  /** Signs an access token; `null` when the organisation has not been set up. */
  async signToken(token: AccessToken): Promise<string | null> {
    return this.#isReady() ? this.#parts.tokens.sign(token) : null;
  }

  /** The public keys by which its access tokens are verified; `null` when there is no such organisation. */
  publicKeys(): PublicJwk[] | null {
    return this.#isReady() ? this.#parts.tokens.publicKeys() : null;
  }

  /** Publishes the next signing key, which takes over a little later. */
  rotateSigningKey(actor: Actor): Promise<Result<SigningKeyInfo>> {
    return this.#authorize.asAdmin(actor, () => this.#parts.tokens.rotate(actor));
  }

  /** Notes that an operator, who belongs to this organisation, has published the next key for assertions. */
  noteAssertionKeyRotated(operator: Author, kid: string): void {
    this.#authorize.open();
    const entry = { action: "assertion_key.rotated", target: "deployment", before: null, after: { kid } };
    this.#parts.audit.add(operator, entry, Date.now());
  }

  /** Records that one access token of a key was revoked; a repeat changes nothing. */
  noteTokenRevoked(cut: TokenCut): void {
    if (this.#authorize.exists) this.#parts.cuts.noteToken(cut, Date.now());
  }

  /** Sets the SHA-256 of the SCIM client's token; the token before ends. */
  setScimToken(actor: Actor, hash: string): Promise<Result<{ set: true }>> {
    return this.#authorize.asAdmin(
      actor,
      this.#authorize.adding(() => this.#parts.scimToken.set(actor, hash)),
    );
  }

  /** Whether this is the SHA-256 of the SCIM client's token. */
  knowsScimToken(hash: string): boolean {
    if (!this.#authorize.exists || !this.#parts.scimToken.hasHash(hash)) return false;
    this.#parts.scimToken.noteUse(Date.now());
    return true;
  }

  /** The organisation's own credentials: since when there are any, by whom, and when they were last used. */
  describeCredentials(actor: Actor): Promise<Result<Credentials>> {
    return this.#authorize.asAdmin(actor, () => ({
      scimToken: this.#parts.scimToken.describe(),
      signingKeys: this.#parts.tokens.describe(),
      webhookSecret: this.#parts.webhooks.describeSecret(),
    }));
  }

  /** Does what a SCIM client asks for, if its token is still the one that counts. */
  async scim(author: Author, tokenHash: string, command: ScimCommand): Promise<ScimAnswer> {
    if (!this.knowsScimToken(tokenHash)) return UNKNOWN_TOKEN;
    if (command.kind === "create" && this.#authorize.isNearlyFull) return NO_ROOM_FOR_MORE;
    return this.#parts.scim.run(author, command);
  }

  /** A page of audit events, the newest first, and one more if there is a next page. */
  listAuditEvents(actor: Actor, query: AuditQuery): Promise<Result<AuditEvent[]>> {
    return this.#authorize.asAdmin(actor, () => this.#parts.audit.list(query, Date.now()));
  }

  /** Notes an attempt at a change that was refused. */
  noteRefusal(actor: Author, operation: string, target: string, refusal: RefusalCode): void {
    this.#authorize.open();
    if (this.#authorize.isNearlyFull) return;
    const entry = { action: operation, target, refusal, before: null, after: null };
    this.#parts.audit.addRefusal(actor, entry, Date.now());
  }

  /** A page of people by name, and one more if there is a next page. */
  listPeople(
    actor: Actor,
    limit: number,
    after: PersonPosition | null,
    q: string | null = null,
  ): Promise<Result<OrgPerson[]>> {
    return this.#authorize.asAdmin(actor, () => this.#parts.people.list(limit, after, q));
  }

  getPerson(actor: Actor, id: string): Promise<Result<OrgPerson>> {
    return this.#authorize.asAdmin(actor, () => this.#parts.people.find(id) ?? refuse("not_found"));
  }

  /** How many keys each of some owners has, and their last use, by the owners' ids. */
  ownedKeys(actor: Actor, ids: readonly string[]): Promise<Result<Map<string, OwnedKeys>>> {
    return this.#authorize.asAdmin(actor, () => ownedKeys(this.ctx.storage.sql, ids));
  }

  /** Revokes every key of somebody. */
  revokePersonKeys(actor: Actor, id: string, reason: string): Promise<Result<Receipt[]>> {
    return this.#authorize.asAdmin(actor, () => this.#parts.people.revokeKeys(actor, id, reason));
  }

  getServiceUser(actor: Actor, id: string): Promise<Result<ServiceUser>> {
    return this.#authorize.asAdmin(actor, () => this.#parts.serviceUsers.find(id));
  }

  /** A page of service users, and one more if there is a next page. */
  listServiceUsers(
    actor: Actor,
    limit: number,
    after: UserPosition | null,
    q: string | null = null,
  ): Promise<Result<ServiceUser[]>> {
    return this.#authorize.asAdmin(actor, () => this.#parts.serviceUsers.list(limit, after, q));
  }

  /** What other roles of a service user would make of its keys, and what each was used for since `from`. It changes nothing. */
  previewServiceUser(
    actor: Actor,
    id: string,
    vaultRoles: VaultRoles,
    from: number,
  ): Promise<Result<OwnerPreview[]>> {
    return this.#authorize.asAdmin<Result<OwnerPreview[]>>(actor, () => {
      const user = this.#parts.serviceUsers.find(id);
      return isRefusal(user) ? user : this.#parts.use.previewOwner(actor.orgId, id, vaultRoles, from);
    });
  }

  createServiceUser(
    actor: Actor,
    id: string,
    draft: Required<ServiceUserChange>,
  ): Promise<Result<ServiceUser>> {
    return this.#authorize.asAdmin(
      actor,
      this.#authorize.adding(() => this.#parts.serviceUsers.create(actor, id, draft)),
    );
  }

  updateServiceUser(actor: Actor, id: string, change: ServiceUserChange): Promise<Result<ServiceUser>> {
    const act = () => this.#parts.serviceUsers.update(actor, id, change);
    const isEnd = change.active === false;
    return this.#authorize.asAdmin(actor, isEnd ? act : this.#authorize.adding(act));
  }

  deleteServiceUser(actor: Actor, id: string): Promise<Result<{ readonly id: string }>> {
    return this.#authorize.asAdmin(actor, () => this.#parts.serviceUsers.delete(actor, id));
  }

  getWebhook(actor: Actor): Promise<Result<WebhookEndpoint>> {
    return this.#authorize.asAdmin(actor, () => this.#parts.webhooks.find());
  }

  /** Sets where events go; returns the secret of a new endpoint, only here. */
  putWebhook(
    actor: Actor,
    draft: WebhookDraft,
  ): Promise<Result<{ endpoint: WebhookEndpoint; secret: string | null }>> {
    return this.#authorize.asAdmin(
      actor,
      this.#authorize.adding(() => this.#parts.webhooks.put(actor, draft)),
    );
  }

  deleteWebhook(actor: Actor): Promise<Result<{ deleted: true }>> {
    return this.#authorize.asAdmin(actor, () => this.#parts.webhooks.delete(actor));
  }

  rotateWebhookSecret(actor: Actor): Promise<Result<{ endpoint: WebhookEndpoint; secret: string }>> {
    return this.#authorize.asAdmin(
      actor,
      this.#authorize.adding(() => this.#parts.webhooks.rotateSecret(actor)),
    );
  }

  testWebhook(actor: Actor): Promise<Result<WebhookDelivery>> {
    return this.#authorize.asAdmin(
      actor,
      this.#authorize.adding(() => this.#parts.webhooks.test(actor)),
    );
  }

  /** Has an event sent to the webhook once more. */
  resendWebhookDelivery(actor: Actor, id: string): Promise<Result<WebhookDelivery>> {
    return this.#authorize.asAdmin(
      actor,
      this.#authorize.adding(() => this.#parts.webhooks.resend(actor, id)),
    );
  }

  /** A page of deliveries, the newest first, and one more if there is a next page. */
  listWebhookDeliveries(
    actor: Actor,
    limit: number,
    before: number | null,
  ): Promise<Result<WebhookDelivery[]>> {
    return this.#authorize.asAdmin(actor, () => this.#parts.webhooks.deliveries(limit, before));
  }

  /** Pushes again what was not confirmed, revokes rotated keys, tells of expiries, sends events. */
  override alarm(): Promise<void> {
    return this.#authorize.exists ? this.#parts.schedule.run() : Promise.resolve();
  }

  /** Whether there is room for counts, which are the first to be given up. */
  get #takesUsage(): boolean {
    return this.#authorize.exists && !this.#authorize.isNearlyFull;
  }

  #isReady(): boolean {
    return this.#authorize.exists && this.#parts.settings.bootstrappedAt() !== null;
  }
}

/** Whether an edit disables a key, and does no more. */
function disables({ disabled, ...rest }: KeyChange): boolean {
  return disabled === true && Object.keys(rest).length === 0;
}
