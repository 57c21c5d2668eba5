import { DurableObject } from "cloudflare:workers";
import type { AccessToken } from "../../core/token/access-token.ts";
import { importRefused, type ImportResult, type KeyImport } from "../../core/organization/key-import.ts";
import type { Difference, GuardPage, GuardPosition } from "../../core/key/reconciliation.ts";
import type { Cut, RevocationRequest, TokenCut } from "../../core/organization/revocation.ts";
import type { PublicJwk } from "../../core/token/signing-key.ts";
import type { UsageBatch, UsageReport } from "../../core/usage/usage.ts";
import type { Env } from "../../env.ts";
import type { AuditEntry, Author } from "./audit/audit-log.ts";
import type { ErasedAtGuards } from "./erasure.ts";
import { wire, type Parts } from "./wiring.ts";

/** A key that was published takes over within this. */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * What the deployment asks of an organisation's object: operators, guards, and the Worker that signs and verifies tokens.
 * Its fields are the object's own, which no call over RPC reaches.
 */
export abstract class OperatedOrganization extends DurableObject<Env> {
  protected parts: Parts = wire(this.ctx, this.env);
  protected authorize = this.parts.authorize;

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    this.parts.alarm.planAtStart(() => {
      if (this.authorize.exists) this.parts.schedule.plan();
    });
  }

  /**
   * Whether a person is not deactivated here, by the subject and the verified address of their token; a stranger is not.
   * Writes nothing.
   */
  isActive(userId: string, email: string | null): boolean {
    return !this.authorize.exists || this.parts.directory.isActive(userId, email);
  }

  /** For operators: a page of the ids of an owner's keys, or with `null` of everybody's. */
  listKeyIds(ownerId: string | null, after: string, limit: number): string[] {
    return this.authorize.hasTables ? this.parts.keyTable.idsAfter(ownerId, after, limit) : [];
  }

  /** Records keys that an operator has cut at their guards; a repeat changes nothing. */
  noteCuts(request: RevocationRequest, cuts: readonly Cut[]): void {
    if (this.authorize.exists) this.parts.cuts.note(request, cuts, Date.now());
  }

  /** For operators: the names of all guards that may have keys of the organisation. */
  guardNames(orgId: string): Promise<string[]> {
    return this.parts.guardPages.names(orgId, this.authorize.hasTables);
  }

  /** For operators: a page of them. */
  guardPage(orgId: string, position: GuardPosition, limit: number): Promise<GuardPage> {
    return this.parts.guardPages.page(orgId, this.authorize.hasTables, position, limit);
  }

  /** For operators: how many guards are on record. */
  countGuards(): number {
    return this.authorize.hasTables ? this.parts.guardPages.count() : 0;
  }

  /** For operators: which of some guards may have keys of the organisation. */
  servingGuards(orgId: string, guards: readonly string[]): Promise<string[]> {
    return this.parts.guardPages.serving(orgId, this.authorize.hasTables, guards);
  }

  /** For operators: how its record of keys, their guards and KV differ; with `fix` that is settled. */
  async reconcile(
    author: Author,
    orgId: string,
    guards: readonly string[],
    fix: boolean,
  ): Promise<Difference[]> {
    this.authorize.open();
    if (fix) this.parts.settings.setOrgId(orgId);
    return this.parts.reconciliation.run(author, orgId, guards, fix);
  }

  /** For operators: takes in keys that were made elsewhere; tells of each, in their order, what became of it. */
  async importKeys(author: Author, imports: readonly KeyImport[]): Promise<ImportResult[]> {
    if (!this.authorize.exists)
      return imports.map(() => importRefused("orgId: There is no such organisation"));
    if (this.authorize.isNearlyFull)
      return imports.map(() => importRefused("orgId: The organisation's storage is nearly full"));
    return this.parts.imports.run(author, imports);
  }

  /** For operators: whether anything is on record here, or at guards that are registered for the organisation. */
  async hasRecord(orgId: string): Promise<boolean> {
    return this.authorize.hasTables || (await this.guardNames(orgId)).length > 0;
  }

  /**
   * For operators: whether there is an organisation that keys may be made in, or that has guards. That somebody has signed
   * in since its erasure makes none.
   */
  isSetUp(): boolean {
    if (!this.authorize.exists) return false;
    return this.parts.settings.bootstrappedAt() !== null || this.countGuards() > 0;
  }

  /** Begins to erase the organisation: nothing else happens here from now on. Tells the guards of its keys. */
  close(orgId: string): Promise<string[]> {
    this.authorize.close();
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
    if (this.authorize.hasTables) this.parts.guards.forgetErased(recorded);
    return this.parts.erasure.atGuards(orgId, guards);
  }

  /** For operators: keys that live again at guards of an erased organisation; with `fix` they are erased again. */
  findRestored(orgId: string, guards: readonly string[], fix: boolean): Promise<Difference[]> {
    return this.parts.erasure.findRestored(orgId, guards, fix);
  }

  /** The ids of everybody who has signed in, of an organisation that is being erased. */
  peopleIds(): string[] {
    return this.authorize.hasTables ? this.parts.users.people() : [];
  }

  /** Erases everything here, if that was begun. */
  async erase(): Promise<void> {
    if (!this.authorize.isClosed) return;
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.parts = wire(this.ctx, this.env);
    this.authorize = this.parts.authorize;
  }

  /** Notes that an operator, who belongs to this organisation, has erased another. */
  noteErasure(operator: Author, orgId: string): void {
    this.authorize.open();
    const entry: AuditEntry = { action: "organization.erased", target: orgId, before: null, after: null };
    this.parts.audit.add(operator, entry, Date.now());
  }

  /** Takes in what a key's guard has counted. */
  recordUsage(keyId: string, batch: UsageBatch): void {
    if (this.#takesUsage) this.parts.usageIntake.recordKey(keyId, batch, Date.now());
  }

  /** Takes in what the guard of a group of keys has counted; a repeat changes nothing. */
  recordGroupUsage(report: UsageReport): void {
    if (this.#takesUsage) this.parts.usageIntake.recordGroup(report, Date.now());
  }

  /** Signs an access token; `null` when the organisation has not been set up. */
  async signToken(token: AccessToken): Promise<string | null> {
    return this.#isReady() ? this.parts.tokens.sign(token) : null;
  }

  /** The public keys by which its access tokens are verified; `null` when there is no such organisation. */
  publicKeys(): PublicJwk[] | null {
    return this.#isReady() ? this.parts.tokens.publicKeys() : null;
  }

  /** Notes that an operator, who belongs to this organisation, has published the next key for assertions. */
  noteAssertionKeyRotated(operator: Author, kid: string): void {
    this.authorize.open();
    const now = Date.now();
    const entry: AuditEntry = {
      action: "assertion_key.rotated",
      target: "deployment",
      before: null,
      after: { kid },
    };
    // While a key waits to take over, a repeat publishes no other.
    this.parts.audit.addOnce(operator, entry, now - LONGEST_WAIT_MS, now);
  }

  /** Records that one access token of a key was revoked; a repeat changes nothing. */
  noteTokenRevoked(cut: TokenCut): void {
    if (this.authorize.exists) this.parts.cuts.noteToken(cut, Date.now());
  }

  /** Pushes again what was not confirmed, revokes rotated keys, tells of expiries, sends events. */
  override alarm(): Promise<void> {
    return this.authorize.exists ? this.parts.schedule.run() : Promise.resolve();
  }

  /** Whether there is room for counts, which are the first to be given up. */
  get #takesUsage(): boolean {
    return this.authorize.exists && !this.authorize.isNearlyFull;
  }

  #isReady(): boolean {
    return this.authorize.exists && this.parts.settings.bootstrappedAt() !== null;
  }
}
