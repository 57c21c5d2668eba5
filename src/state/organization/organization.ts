import { DurableObject } from "cloudflare:workers";
import { within } from "../../core/concurrency.ts";
import {
  ADMIN,
  type Actor,
  type AuditEvent,
  type AuditQuery,
  type KeyChange,
  type KeyDraft,
  type KeyMaterial,
  type KeyQuery,
  type KeyUsage,
  type ManagedKey,
  type Me,
  type Receipt,
  type ServiceUser,
  type ServiceUserChange,
  type UsageBucket,
  type UserPosition,
} from "../../core/organization.ts";
import type { AccessToken } from "../../core/access-token.ts";
import type { CallCounts } from "../../core/calls.ts";
import type { KeyRecord } from "../../core/key-record.ts";
import { readHash, sameHash } from "../../core/key-secret.ts";
import type { Leak } from "../../core/leak.ts";
import { isRefusal, refuse, type Refusal, type RefusalCode } from "../../core/refusal.ts";
import type { Cut, RevocationRequest } from "../../core/revocation.ts";
import { UNKNOWN_TOKEN } from "../../core/scim/problem.ts";
import type { PublicJwk } from "../../core/signing-key.ts";
import type { UsageBatch } from "../../core/usage.ts";
import type { WebhookDelivery, WebhookDraft, WebhookEndpoint } from "../../core/webhook.ts";
import type { Env } from "../../env.ts";
import { Alarm } from "./alarm.ts";
import { AuditLog, type Author } from "./audit-log.ts";
import { CallTable } from "./call-table.ts";
import { CreationTable } from "./creation-table.ts";
import { Directory } from "./directory.ts";
import { EmergencyCuts } from "./emergency-cuts.ts";
import { ExpiryNotices } from "./expiry-notices.ts";
import { KeyEvents } from "./key-events.ts";
import { KeyTable } from "./key-table.ts";
import { Keys } from "./keys.ts";
import { LeakTable } from "./leak-table.ts";
import { Propagation } from "./propagation.ts";
import { Rotation } from "./rotation.ts";
import { SCHEMA } from "./schema.ts";
import { OWNER_DEACTIVATED, ServiceUsers } from "./service-users.ts";
import { ScimEffects } from "./scim-effects.ts";
import { ScimGroups } from "./scim-groups.ts";
import { ScimUsers } from "./scim-users.ts";
import { Scim } from "./scim.ts";
import type { ScimAnswer, ScimCommand } from "./scim-command.ts";
import { Settings } from "./settings.ts";
import { Tokens, type SigningKeyInfo } from "./tokens.ts";
import { UsageTable } from "./usage-table.ts";
import { UserTable, type DirectoryUser } from "./user-table.ts";
import { WebhookOutbox } from "./webhook-outbox.ts";
import { WebhookTable } from "./webhook-table.ts";
import { Webhooks } from "./webhooks.ts";

/** Whoever reads usage waits this long for a guard to deliver its latest counts. */
const DELIVERY_TIMEOUT_MS = 1000;

/** What an organisation tells of itself. */
export interface OrganizationInfo {
  readonly id: string;
  /** Milliseconds since the epoch; `null` before bootstrap. */
  readonly bootstrappedAt: number | null;
}

/** A key before and after a change that has not been made, and what the key was used for. */
export interface UpdatePreview {
  readonly before: KeyRecord;
  readonly after: KeyRecord;
  readonly calls: CallCounts;
}

/**
 * The record of one organisation: its keys, its people, and what was changed by whom. Its methods are what the rest of
 * the Worker can ask of it; each first takes in who asks.
 */
export class Organization extends DurableObject<Env> {
  readonly #alarm = new Alarm(this.ctx);
  readonly #audit = new AuditLog(this.ctx.storage.sql);
  readonly #settings = new Settings(this.ctx.storage.sql);
  readonly #keyTable = new KeyTable(this.ctx.storage.sql);
  readonly #propagation = new Propagation(this.ctx, this.env, this.#keyTable, this.#settings, this.#alarm);
  readonly #webhookParts = {
    alarm: this.#alarm,
    outbox: new WebhookOutbox(this.ctx.storage.sql),
    expiry: new ExpiryNotices(this.ctx.storage.sql),
    table: new WebhookTable(this.ctx.storage.sql),
  };
  readonly #webhooks = new Webhooks(this.ctx, { ...this.#webhookParts, audit: this.#audit });
  readonly #keyEvents = new KeyEvents({
    ...this.#webhookParts,
    webhook: this.#webhookParts.table,
    keys: this.#keyTable,
    settings: this.#settings,
  });
  readonly #scimUsers = new ScimUsers(this.ctx.storage.sql);
  readonly #directory = new Directory(this.ctx.storage, {
    users: new UserTable(this.ctx.storage.sql),
    scimUsers: this.#scimUsers,
    keys: this.#keyTable,
    settings: this.#settings,
    audit: this.#audit,
    propagation: this.#propagation,
    revokeKeysOf: (author, ownerId, now) =>
      this.#keys.commitRevocationOfAll(author, ownerId, OWNER_DEACTIVATED, now),
  });
  readonly #scim = new Scim(this.ctx.storage, {
    users: this.#scimUsers,
    groups: new ScimGroups(this.ctx.storage.sql),
    effects: new ScimEffects(this.#scimUsers, this.#directory),
    keys: this.#keyTable,
    audit: this.#audit,
    propagation: this.#propagation,
  });
  readonly #keys = new Keys(this.ctx.storage, {
    keys: this.#keyTable,
    creations: new CreationTable(this.ctx.storage.sql),
    directory: this.#directory,
    settings: this.#settings,
    audit: this.#audit,
    propagation: this.#propagation,
    events: this.#keyEvents,
  });
  readonly #rotation = new Rotation(this.ctx.storage, {
    table: this.#keyTable,
    keys: this.#keys,
    directory: this.#directory,
    propagation: this.#propagation,
  });
  readonly #serviceUsers = new ServiceUsers(this.ctx.storage, {
    table: this.#keyTable,
    keys: this.#keys,
    audit: this.#audit,
    propagation: this.#propagation,
  });
  readonly #cuts = new EmergencyCuts(this.ctx.storage, {
    table: this.#keyTable,
    keys: this.#keys,
    leaks: new LeakTable(this.ctx.storage.sql),
  });
  readonly #usage = new UsageTable(this.ctx.storage.sql);
  readonly #tokens = new Tokens(this.ctx.storage, { settings: this.#settings, audit: this.#audit });
  readonly #calls = new CallTable(this.ctx.storage.sql);

  /** Whether anything was ever kept. Asking about an organisation that nobody belongs to must not write. */
  #exists: boolean;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#exists = hasTables(ctx.storage.sql);
    if (this.#exists) ctx.storage.sql.exec(SCHEMA);
  }

  /** The organisation as the actor may see it. */
  describe(actor: Actor): Promise<OrganizationInfo | Refusal> {
    return this.#as(actor, () => ({ id: actor.orgId, bootstrappedAt: this.#settings.bootstrappedAt() }));
  }

  /** Who the actor is here, by identity token and SCIM together. */
  me(actor: Actor): Promise<Me | Refusal> {
    return this.#as(actor, ({ id, name, roles, vaultRoles }) => ({
      id,
      name,
      email: actor.email,
      roles,
      vaultRoles,
    }));
  }

  /** Sets the organisation up, once: makes its signing key. */
  bootstrap(actor: Actor): Promise<OrganizationInfo | Refusal> {
    return this.#asAdmin(actor, async () => {
      if (this.#settings.bootstrappedAt() !== null) return refuse("already_exists");
      await this.#tokens.prepare();
      const now = Date.now();
      return this.ctx.storage.transactionSync(() => {
        if (this.#settings.bootstrappedAt() !== null) return refuse("already_exists");
        this.#settings.bootstrap(now);
        const entry = { action: "organization.bootstrapped", target: actor.orgId, before: null, after: null };
        this.#audit.add(actor, entry, now);
        return { id: actor.orgId, bootstrappedAt: now };
      });
    });
  }

  /** `request` names the request, so that it makes no second key when it comes again. */
  createKey(actor: Actor, draft: KeyDraft, request: string | null = null): Promise<ManagedKey | Refusal> {
    return this.#as(actor, (me) => this.#keys.create(actor, me, draft, request));
  }

  getKey(actor: Actor, keyId: string): Promise<ManagedKey | Refusal> {
    return this.#as(actor, (me) => this.#keys.find(me, keyId) ?? refuse("not_found"));
  }

  /** A page of keys, and one more if there is a next page. */
  listKeys(actor: Actor, query: KeyQuery): Promise<ManagedKey[] | Refusal> {
    return this.#as(actor, (me) => this.#keys.list(me, query));
  }

  updateKey(
    actor: Actor,
    keyId: string,
    change: KeyChange,
    expected: readonly number[] | null,
  ): Promise<ManagedKey | Refusal> {
    return this.#as(actor, (me) => this.#keys.update(actor, me, keyId, change, expected));
  }

  revokeKey(actor: Actor, keyId: string, reason: string | null): Promise<Receipt | Refusal> {
    return this.#as(actor, (me) => this.#keys.revoke(actor, me, keyId, reason));
  }

  /** Whether somebody with an identity token is not deactivated here. Tells of strangers too, and writes nothing. */
  isActive(userId: string, email: string | null): boolean {
    return !this.#exists || this.#directory.isActive(userId, email);
  }

  /** For operators: a page of the ids of an owner's keys, or with `null` of everybody's. */
  listKeyIds(ownerId: string | null, after: string, limit: number): string[] {
    return this.#exists ? this.#keyTable.idsAfter(ownerId, after, limit) : [];
  }

  /** Takes in which keys an operator has cut at their guards; telling it again changes nothing. */
  noteCuts(request: RevocationRequest, cuts: readonly Cut[]): void {
    if (this.#exists) this.#cuts.note(request, cuts, Date.now());
  }

  /** Takes in what a key's guard has counted. */
  recordUsage(keyId: string, batch: UsageBatch): void {
    if (!this.#exists) return;
    this.ctx.storage.transactionSync(() => {
      if (this.#usage.record(keyId, batch)) this.#calls.record(keyId, batch, Date.now());
    });
  }

  /** Makes the successor of a key; the old one works for `overlapMs` more. */
  rotateKey(
    actor: Actor,
    keyId: string,
    material: KeyMaterial,
    overlapMs: number,
  ): Promise<ManagedKey | Refusal> {
    return this.#as(actor, async (me) => {
      const created = await this.#rotation.rotate(actor, me, keyId, material, overlapMs);
      this.#planAlarm();
      return created;
    });
  }

  /** Counts of one key since `from` in buckets of `bucketMs`, those that its guard has not delivered yet included. */
  keyUsage(actor: Actor, keyId: string, from: number, bucketMs: number): Promise<UsageBucket[] | Refusal> {
    return this.#as(actor, async (me) => {
      if (this.#keys.find(me, keyId) === null) return refuse("not_found");
      await this.#fetchUsage(keyId);
      return this.#usage.buckets(keyId, from, bucketMs);
    });
  }

  /** What a change would make of a key, and what the key was used for since `from`. It changes nothing. */
  previewUpdate(
    actor: Actor,
    keyId: string,
    change: KeyChange,
    from: number,
  ): Promise<UpdatePreview | Refusal> {
    return this.#as(actor, async (me) => {
      const records = this.#keys.preview(actor.orgId, me, keyId, change);
      if (isRefusal(records)) return records;
      await this.#fetchUsage(keyId);
      return { ...records, calls: this.#calls.since(keyId, from) };
    });
  }

  /** Counts of the whole organisation since `from`, by time and by key. */
  usage(
    actor: Actor,
    from: number,
    bucketMs: number,
  ): Promise<{ buckets: UsageBucket[]; byKey: KeyUsage[] } | Refusal> {
    return this.#asAdmin(actor, () => ({
      buckets: this.#usage.buckets(null, from, bucketMs),
      byKey: this.#usage.byKey(from),
    }));
  }

  /** Signs an access token; `null` when the organisation has not been set up. */
  async signToken(token: AccessToken): Promise<string | null> {
    const ready = this.#exists && this.#settings.bootstrappedAt() !== null;
    return ready ? this.#tokens.sign(token) : null;
  }

  /** The public keys by which its access tokens are verified; `null` when there is no such organisation. */
  publicKeys(): PublicJwk[] | null {
    const ready = this.#exists && this.#settings.bootstrappedAt() !== null;
    return ready ? this.#tokens.publicKeys() : null;
  }

  /** Publishes the next signing key, which takes over a little later. */
  rotateSigningKey(actor: Actor): Promise<SigningKeyInfo | Refusal> {
    return this.#asAdmin(actor, () => this.#tokens.rotate(actor));
  }

  /** Notes that an operator, who belongs to this organisation, has published the next key for assertions. */
  noteAssertionKeyRotated(operator: Author, kid: string): void {
    this.#open();
    const entry = { action: "assertion_key.rotated", target: "deployment", before: null, after: { kid } };
    this.#audit.add(operator, entry, Date.now());
  }

  /** Notes that one access token of a key was revoked. */
  noteTokenRevoked(author: Author, keyId: string, tokenId: string, leak: Leak | null): void {
    if (!this.#exists) return;
    const entry = { action: "access_token.revoked", target: keyId, before: null, after: { tokenId, leak } };
    this.#audit.add(author, entry, Date.now());
  }

  /** Sets the SHA-256 of the SCIM client's token; the token before ends. */
  setScimToken(actor: Actor, hash: string): Promise<{ set: true } | Refusal> {
    return this.#asAdmin(actor, () => {
      const entry = {
        action: "scim_token.created",
        target: actor.orgId,
        before: null,
        after: null,
      };
      this.ctx.storage.transactionSync(() => {
        this.#settings.setScimTokenHash(hash);
        this.#audit.add(actor, entry, Date.now());
      });
      return { set: true };
    });
  }

  /** Whether this is the SHA-256 of the SCIM client's token. */
  knowsScimToken(hash: string): boolean {
    const known = this.#exists ? this.#settings.scimTokenHash() : null;
    return known !== null && sameHash(readHash(known), readHash(hash));
  }

  /** Does what a SCIM client asks for, if its token is still the one that counts. */
  async scim(author: Author, tokenHash: string, command: ScimCommand): Promise<ScimAnswer> {
    return this.knowsScimToken(tokenHash) ? this.#scim.run(author, command) : UNKNOWN_TOKEN;
  }

  /** A page of audit events, the newest first, and one more if there is a next page. */
  listAuditEvents(actor: Actor, query: AuditQuery): Promise<AuditEvent[] | Refusal> {
    return this.#asAdmin(actor, () => this.#audit.list(query));
  }

  /** Notes an attempt at a change that was refused. */
  noteRefusal(actor: Author, operation: string, target: string, refusal: RefusalCode): void {
    this.#open();
    const entry = { action: operation, target, refusal, before: null, after: null };
    this.#audit.add(actor, entry, Date.now());
  }

  getServiceUser(actor: Actor, id: string): Promise<ServiceUser | Refusal> {
    return this.#asAdmin(actor, () => this.#serviceUsers.find(id));
  }

  /** A page of service users, and one more if there is a next page. */
  listServiceUsers(
    actor: Actor,
    limit: number,
    after: UserPosition | null,
  ): Promise<ServiceUser[] | Refusal> {
    return this.#asAdmin(actor, () => this.#serviceUsers.list(limit, after));
  }

  createServiceUser(
    actor: Actor,
    id: string,
    draft: Required<ServiceUserChange>,
  ): Promise<ServiceUser | Refusal> {
    return this.#asAdmin(actor, () => this.#serviceUsers.create(actor, id, draft));
  }

  updateServiceUser(actor: Actor, id: string, change: ServiceUserChange): Promise<ServiceUser | Refusal> {
    return this.#asAdmin(actor, () => this.#serviceUsers.update(actor, id, change));
  }

  deleteServiceUser(actor: Actor, id: string): Promise<{ readonly id: string } | Refusal> {
    return this.#asAdmin(actor, () => this.#serviceUsers.delete(actor, id));
  }

  getWebhook(actor: Actor): Promise<WebhookEndpoint | Refusal> {
    return this.#asAdmin(actor, () => this.#webhooks.find());
  }

  /** Sets where events go; the secret of a new endpoint is told this once. */
  putWebhook(
    actor: Actor,
    draft: WebhookDraft,
  ): Promise<{ endpoint: WebhookEndpoint; secret: string | null } | Refusal> {
    return this.#asAdmin(actor, () => this.#webhooks.put(actor, draft));
  }

  deleteWebhook(actor: Actor): Promise<{ deleted: true } | Refusal> {
    return this.#asAdmin(actor, () => this.#webhooks.delete(actor));
  }

  rotateWebhookSecret(actor: Actor): Promise<{ endpoint: WebhookEndpoint; secret: string } | Refusal> {
    return this.#asAdmin(actor, () => this.#webhooks.rotateSecret(actor));
  }

  testWebhook(actor: Actor): Promise<WebhookDelivery | Refusal> {
    return this.#asAdmin(actor, () => this.#webhooks.test(actor));
  }

  /** A page of deliveries, the newest first, and one more if there is a next page. */
  listWebhookDeliveries(
    actor: Actor,
    limit: number,
    before: number | null,
  ): Promise<WebhookDelivery[] | Refusal> {
    return this.#asAdmin(actor, () => this.#webhooks.deliveries(limit, before));
  }

  /** Does what is due: revokes rotated keys, tells of expiries, sends events, pushes again what was not confirmed. */
  override async alarm(): Promise<void> {
    this.#alarm.hasRung();
    this.#rotation.revokeDue(Date.now());
    this.#keyEvents.noteExpiries(Date.now());
    this.#webhooks.deliver();
    await this.#propagation.retry();
    this.#rotation.revokeDue(Date.now());
    this.#planAlarm();
  }

  /** Has a key's guard deliver its counts. One that does not answer delivers later; what is here is told all the same. */
  async #fetchUsage(keyId: string): Promise<void> {
    const delivered = this.env.KEY_GUARD.getByName(keyId).deliverUsage();
    await within(DELIVERY_TIMEOUT_MS, delivered).catch(() => {});
  }

  #planAlarm(): void {
    const moments = [
      this.#keyTable.nextRetirement(Date.now()),
      this.#propagation.nextRetry(),
      this.#webhooks.nextAt(),
    ];
    for (const at of moments) if (at !== null) this.#alarm.ringBy(at);
  }

  /** Makes the tables when the first person with an identity token comes. */
  #open(): void {
    if (this.#exists) return;
    this.ctx.storage.sql.exec(SCHEMA);
    this.#exists = true;
  }

  async #as<T>(actor: Actor, act: (me: DirectoryUser) => T | Promise<T>): Promise<T | Refusal> {
    this.#open();
    this.#rotation.revokeDue(Date.now());
    const me = await this.#directory.see(actor);
    if (isRefusal(me)) return me;
    return me.active ? act(me) : refuse("role_required");
  }

  #asAdmin<T>(actor: Actor, act: (me: DirectoryUser) => T | Promise<T>): Promise<T | Refusal> {
    return this.#as<T | Refusal>(actor, (me) =>
      me.roles.includes(ADMIN) ? act(me) : refuse("role_required"),
    );
  }
}

function hasTables(sql: SqlStorage): boolean {
  return [...sql.exec(`SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'settings'`)].length > 0;
}
