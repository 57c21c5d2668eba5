import { DurableObject } from "cloudflare:workers";
import { config } from "../../config.ts";
import type {
  KeyTarget,
  OwnerTarget,
  RevocationEntry,
  RevocationQuery,
  RevocationRequest,
  TokenCut,
} from "../../core/organization/revocation.ts";
import type { PublicJwk, RingPolicy, SigningKey } from "../../core/token/signing-key.ts";
import type { ErasureRecord } from "../../core/organization/erasure.ts";
import type { Receipt } from "../../core/organization/managed-key.ts";
import type { Env } from "../../env.ts";
import { Alarm } from "../alarm.ts";
import { Retention } from "../retention.ts";
import { Schedule } from "../schedule.ts";
import { SigningKeys } from "../signing-keys.ts";
import { ConsoleSessions, type SessionContent, type SessionMark } from "./console-sessions.ts";
import { CookieKeys, type CookieKey } from "./cookie-keys.ts";
import { openTables } from "./deployment-schema.ts";
import { ErasureClaims } from "./erasure-claims.ts";
import { Erasures } from "./erasures.ts";
import { PendingErasures } from "./pending-erasures.ts";
import { RevocationLedger } from "./revocation-ledger.ts";
import { Revocations, type Located } from "./revocations.ts";
import { TokenNotices } from "./token-notices.ts";

/**
 * Isolates ask for the key every five minutes, and origins may remember the published ones for as long: a key is known
 * everywhere before it signs. It is published for a day after, far longer than an assertion lives.
 */
const ASSERTION_KEYS: RingPolicy = {
  lifetimeMs: config.signingKeyLifetimeMs,
  publishAheadMs: 900_000,
  keptMs: 86_400_000,
};

/**
 * The state of the whole deployment: emergency revocations and the work left on them, notices of revoked tokens that
 * organisations have not confirmed, erasures, the signing keys of assertions, the console's sessions and cookie keys.
 */
export class Deployment extends DurableObject<Env> {
  readonly #sql = openTables(this.ctx.storage);
  readonly #cookieKeys = new CookieKeys(this.#sql);
  readonly #consoleSessions = new ConsoleSessions(this.#sql);
  readonly #erasures = new Erasures(this.ctx.storage, config.auditRetentionMs);
  readonly #erasureClaims = new ErasureClaims();
  readonly #alarm = new Alarm(this.ctx);
  readonly #ledger = new RevocationLedger(this.ctx.storage, config.auditRetentionMs);
  readonly #revocations = new Revocations(this.env, this.#ledger, this.#alarm);
  readonly #tokenNotices = new TokenNotices(this.#sql, this.env.ORGANIZATION, this.#alarm);
  readonly #retention = new Retention([this.#ledger, this.#erasures, this.#consoleSessions]);
  readonly #schedule = new Schedule(this.#alarm, {
    revocations: { run: () => this.#revocations.retry(), nextAt: () => this.#revocations.nextRetry() },
    tokenNotices: { run: (now) => this.#tokenNotices.run(now), nextAt: () => this.#tokenNotices.nextAt() },
    erasures: new PendingErasures({
      organizations: this.env.ORGANIZATION,
      erasures: this.#erasures,
      records: this,
      cutsWait: () => (this.#revocations.nextRetry() ?? Number.POSITIVE_INFINITY) <= Date.now(),
    }),
    retention: this.#retention,
  });

  readonly #signingKeys = new SigningKeys(
    {
      read: () => this.ctx.storage.kv.get<readonly SigningKey[]>("signingKeys") ?? [],
      write: (ring) => this.ctx.storage.kv.put("signingKeys", ring),
    },
    ASSERTION_KEYS,
    () => crypto.randomUUID(),
  );

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    this.#alarm.planAtStart(() => this.#schedule.plan());
  }

  findErasure(orgId: string): ErasureRecord | null {
    return this.#erasures.find(orgId);
  }

  /** Puts the erasure of an organisation on record: should the request break off, the alarm goes on with it. */
  beginErasure(orgId: string, operator: string): void {
    this.#erasures.begin(orgId, operator, Date.now());
    this.#schedule.plan();
  }

  /** Whether an attempt at an erasure, by a name of its own, is the one that goes on. Others leave it to that one. */
  claimErasure(orgId: string, attempt: string): boolean {
    return this.#erasureClaims.claim(orgId, attempt, Date.now());
  }

  releaseErasure(orgId: string, attempt: string): void {
    this.#erasureClaims.release(orgId, attempt);
  }

  /** Records keys that an erasure has cut. Workers of the version before name no guards. */
  noteErased(orgId: string, receipts: readonly Receipt[], guards: readonly string[] = []): void {
    this.#erasures.add(orgId, receipts, guards);
  }

  /** Ends the sessions of an organisation's people, drops its pending notices, and notes that all its keys are cut. */
  forgetPeople(orgId: string, people: readonly string[]): void {
    this.#consoleSessions.endOf(people);
    this.#tokenNotices.forget(orgId);
    this.#erasures.markEmptied(orgId);
  }

  finishErasure(orgId: string): void {
    this.#erasures.finish(orgId, Date.now());
    this.#alarm.ringBy(Date.now() + this.#erasures.keptMs);
  }

  /** A page of organisations that were erased so lately that a guard of theirs may be restored, in order of their ids. */
  restorableErasures(after: string, limit: number): string[] {
    return this.#erasures.restorable(Date.now(), after, limit);
  }

  /** A page of the guards that an organisation had when it was erased, by name. */
  erasedGuards(orgId: string, after: string, limit: number): string[] {
    return this.#erasures.guards(orgId, after, limit);
  }

  /** A page of the receipts of an erasure. */
  erasureReceipts(orgId: string, after: string, limit: number): Receipt[] {
    return this.#erasures.receipts(orgId, after, limit);
  }

  /** Puts a request on record: from here on everything that it names is retried until it is confirmed. */
  openRevocation(
    request: RevocationRequest,
    keys: readonly KeyTarget[],
    owners: readonly OwnerTarget[],
  ): void {
    this.#revocations.open(request, keys, owners);
  }

  /** Notifies an organisation that does not answer of a revoked token, until it confirms. */
  keepTelling(cut: TokenCut): void {
    this.#tokenNotices.add(cut, Date.now());
  }

  /** Asks organisations which keys are meant. `null` as the request: nothing is put on record. */
  locateKeys(requestId: string | null, owners: readonly OwnerTarget[]): Promise<Located> {
    return this.#revocations.locate(requestId, owners);
  }

  /** Cuts keys of a request on record; a line of NDJSON for each as soon as it is settled. */
  cutKeys(requestId: string, keys: readonly KeyTarget[]): ReadableStream<Uint8Array> {
    return this.#revocations.cut(requestId, keys);
  }

  /** Notifies organisations of the keys that a request has cut. */
  tellOfCuts(requestId: string): Promise<void> {
    return this.#revocations.tell(requestId);
  }

  /** Tells of each key, in the same form, what a cut would do. */
  inspectKeys(keys: readonly KeyTarget[]): ReadableStream<Uint8Array> {
    return this.#revocations.inspect(keys);
  }

  /** A page of records, and one more if there is a next page. */
  listRevocations(query: RevocationQuery): RevocationEntry[] {
    return this.#revocations.list(query);
  }

  /** The key that signs assertions now, private half included: isolates sign by themselves. */
  assertionKey(): Promise<SigningKey> {
    return this.#signingKeys.current();
  }

  /** The public keys by which origins verify assertions. */
  async publicKeys(): Promise<PublicJwk[]> {
    // An origin may ask before the first request does.
    await this.#signingKeys.current();
    return this.#signingKeys.published();
  }

  /** Publishes the next key for assertions, which takes over a little later. */
  async rotateAssertionKey(): Promise<{ readonly kid: string; readonly activeFrom: number }> {
    await this.#signingKeys.current();
    const { kid, activeFrom } = await this.#signingKeys.rotate();
    return { kid, activeFrom };
  }

  /** The keys that seal the console's cookies, the newest first; made at first use. */
  cookieKeys(): CookieKey[] {
    return this.#cookieKeys.current(Date.now());
  }

  /** The content of a session of the console, or `null` when there is none or it was ended. */
  readConsoleSession(id: string): string | null {
    return this.#consoleSessions.read(id, Date.now());
  }

  /** Keeps the content of a session of the console; `false` when it was ended. */
  saveConsoleSession(content: SessionContent): boolean {
    this.#alarm.ringBy(content.until);
    return this.#consoleSessions.save(content, Date.now());
  }

  /** Whether a session was ended: Workers of the version before ask this, and keep the content in cookies. */
  isConsoleSessionEnded(id: string): boolean {
    return this.#consoleSessions.isEnded(id);
  }

  /** Ends a session of the console for good. */
  endConsoleSession(session: SessionMark): void {
    this.#alarm.ringBy(session.until);
    this.#consoleSessions.end(session, Date.now());
  }

  /** Whether the caller is the one who gets a session's next tokens. */
  claimConsoleSessionRenewal(session: SessionMark): boolean {
    this.#alarm.ringBy(session.until);
    return this.#consoleSessions.claimRenewal(session, Date.now());
  }

  override alarm(): Promise<void> {
    return this.#schedule.run();
  }
}
