import type { Confirmation, KeyMatch } from "../../admission/guard/key-guard.ts";
import { byGroups, KeyGuards } from "../../admission/key-guards.ts";
import type { StoredKey } from "../../admission/rules/guard.ts";
import { chunksOf, Deadline, eachOf, within } from "../../core/concurrency.ts";
import { Batches } from "../../core/batches.ts";
import { ndjsonLines } from "../../core/http/ndjson.ts";
import {
  withoutReceipt,
  type KeyTarget,
  type OwnerTarget,
  type RevocationEntry,
  type RevocationQuery,
  type RevocationRequest,
  type RevocationResult,
} from "../../core/organization/revocation.ts";
import type { Env } from "../../env.ts";
import type { Alarm } from "../alarm.ts";
import { CUT_TIMEOUT_MS } from "../cut-timeout.ts";
import { OrganizationKeys, type GuardBudget } from "./organization-keys.ts";
import type { RevocationLedger } from "./revocation-ledger.ts";
import type { DueRevocation, UntoldCut } from "./revocation-rows.ts";
import { required } from "../../core/required.ts";

/** The longest wait for an organisation that is notified. */
const ORGANIZATION_TIMEOUT_MS = 2000;
/** A call looks after its own rows for this long before the alarm does. */
const CALL_MS = 30_000;
/** The most cuts in one notification to an organisation. */
const CUTS_A_CALL = 1000;
/** Organisations that one call notifies, of the thousand calls that an invocation may make, and how many at a time. */
const ORGANIZATIONS_A_CALL = 500;
const ORGANIZATIONS_AN_ALARM = 250;
const CONCURRENT_ORGANIZATIONS = 50;
/** Guards that one call asks for their keys, of the thousand calls that an invocation may make. */
const GUARDS_A_CALL = 800;
/** Rows that one run of the alarm looks after: each is a call or two, of the thousand that an invocation may make. */
const ALARM_BATCH = 250;
/** Guards that one run of the alarm asks for their keys. */
const GUARDS_AN_ALARM = 400;

/** The keys that were found, and for targets without a full result: that there are none, or may be more. */
export interface Located {
  readonly keys: readonly KeyTarget[];
  readonly settled: readonly RevocationResult[];
}

/**
 * Emergency revocation: keys are cut at their guards, without their organisations, which are notified afterwards.
 * Failures are on record, and the alarm repeats each until it succeeds.
 */
export class Revocations {
  readonly #env: Env;
  readonly #guards: KeyGuards;
  readonly #keys: OrganizationKeys;
  readonly #ledger: RevocationLedger;
  readonly #alarm: Alarm;

  constructor(env: Env, ledger: RevocationLedger, alarm: Alarm) {
    this.#env = env;
    this.#guards = new KeyGuards(env.KEY_GUARD);
    this.#keys = new OrganizationKeys(env);
    this.#ledger = ledger;
    this.#alarm = alarm;
  }

  open(request: RevocationRequest, keys: readonly KeyTarget[], owners: readonly OwnerTarget[]): void {
    this.#ledger.open(request, keys, owners, Date.now() + CALL_MS);
    this.#plan();
  }

  async locate(requestId: string | null, owners: readonly OwnerTarget[]): Promise<Located> {
    const budget = { left: GUARDS_A_CALL };
    const dueAt = Date.now() + CALL_MS;
    const located = await Promise.all(
      owners.map((owner) => this.#locateOne(requestId, owner, dueAt, budget)),
    );
    if (requestId !== null) this.#plan();
    return {
      keys: located.flatMap(({ keys }) => keys),
      settled: located.flatMap(({ settled }) => settled),
    };
  }

  cut(requestId: string, keys: readonly KeyTarget[]): ReadableStream<Uint8Array> {
    const { at } = this.#ledger.request(requestId);
    return streamOf(async (emit) => {
      await this.#cutAll(requestId, keys, at, emit);
      this.#plan();
    });
  }

  /** Notifies organisations of the keys that a request has cut. The alarm goes on with what was not confirmed. */
  async tell(requestId: string, budget = { left: ORGANIZATIONS_A_CALL }): Promise<void> {
    const request = this.#ledger.request(requestId);
    const ofOrganizations = Map.groupBy(this.#ledger.untold(requestId), ({ orgId }) => orgId);
    const calls = [...ofOrganizations].flatMap(([orgId, cuts]) =>
      chunksOf(cuts, CUTS_A_CALL).map((some) => ({ orgId, some })),
    );
    const now = calls.slice(0, budget.left);
    budget.left -= now.length;
    await eachOf(now, CONCURRENT_ORGANIZATIONS, ({ orgId, some }) => this.#tellOne(request, orgId, some));
    this.#plan();
  }

  inspect(keys: readonly KeyTarget[]): ReadableStream<Uint8Array> {
    return streamOf(async (emit) => {
      const deadline = new Deadline(CUT_TIMEOUT_MS);
      const looking = askGroups(keys, (group, matches) => this.#guards.lookGroup(group, matches));
      await Promise.all(
        looking.map(async ([key, found]) => emit(await this.#inspectOne(key, deadline.meet(found)))),
      );
      deadline.clear();
    });
  }

  list(query: RevocationQuery): RevocationEntry[] {
    return this.#ledger.list(query);
  }

  /** Carries on with work that is due: asks organisations for keys, cuts keys, notifies organisations. */
  async retry(): Promise<void> {
    const due = this.#ledger.due(Date.now(), ALARM_BATCH);
    const ofRequests = Map.groupBy(due, ({ requestId }) => requestId);
    const budgets = { guards: { left: GUARDS_AN_ALARM }, organizations: { left: ORGANIZATIONS_AN_ALARM } };
    await Promise.all(
      ofRequests.entries().map(([requestId, rows]) => this.#retryRequest(requestId, rows, budgets)),
    );
  }

  /** When {@link retry} is to be called next; milliseconds since the epoch. */
  nextRetry(): number | null {
    return this.#ledger.nextAt();
  }

  #plan(): void {
    const at = this.nextRetry();
    if (at !== null) this.#alarm.ringBy(at);
  }

  async #retryRequest(
    requestId: string,
    rows: readonly DueRevocation[],
    budgets: { readonly guards: GuardBudget; readonly organizations: { left: number } },
  ): Promise<void> {
    const { at } = this.#ledger.request(requestId);
    const toCut: KeyTarget[] = [];
    const locating: Promise<Located>[] = [];
    for (const row of rows) {
      const { target, keyId, orgId, ownerId, hash } = row;
      if (row.status === "revoked") continue;
      if (keyId !== null) toCut.push({ target, keyId, orgId, hash });
      else {
        const owner = { target, orgId: required(orgId, "organisation"), ownerId };
        locating.push(this.#locateOne(requestId, owner, Date.now(), budgets.guards));
      }
    }
    await Promise.all([this.#cutAll(requestId, toCut, at, () => {}), ...locating]);
    await this.tell(requestId, budgets.organizations);
  }

  /** Cuts keys, each group in one call, and settles those together that are answered at the same moment. */
  async #cutAll(
    requestId: string,
    keys: readonly KeyTarget[],
    requestedAt: number,
    emit: (result: RevocationResult) => void,
  ): Promise<void> {
    const settling = new Batches(async (cuts: readonly CutResult[]) => {
      this.#settle(requestId, cuts);
      for (const { result } of cuts) emit(result);
    });
    const deadline = new Deadline(CUT_TIMEOUT_MS);
    const cutting = askGroups(keys, (group, matches) => this.#guards.cutGroup(group, matches));
    await Promise.all(
      cutting.map(async ([key, cut]) =>
        settling.add(await cutResultOf(key, deadline.meet(cut), requestedAt)),
      ),
    );
    deadline.clear();
    await settling.end();
  }

  #settle(requestId: string, cuts: readonly CutResult[]): void {
    const settled = cuts.filter(({ hasFailed }) => !hasFailed);
    const failed = cuts.filter(({ hasFailed }) => hasFailed).map(({ result }) => result);
    const owned = settled.map(({ result, orgId }) => ({ ...result, orgId }));
    if (owned.length > 0) this.#ledger.settle(requestId, owned);
    if (failed.length > 0) this.#ledger.failed(requestId, failed, Date.now());
  }

  /** Keys that were found are put on record at once, even where others are still to be found. */
  async #locateOne(
    requestId: string | null,
    owner: OwnerTarget,
    dueAt: number,
    budget: GuardBudget,
  ): Promise<Located> {
    const { target, orgId } = owner;
    const listed = requestId === null ? new Set<string>() : this.#ledger.listedGuards(requestId, target);
    const { ids, guards, isComplete } = await this.#keys.find(owner, listed, budget);
    const keys = [...ids].map((keyId) => ({ target, keyId, orgId, hash: null }));
    if (requestId !== null) this.#ledger.located(requestId, owner, { keys, guards, dueAt });
    if (!isComplete) return { keys, settled: [this.#notLocated(requestId, target)] };
    if (requestId !== null && this.#ledger.endLocating(requestId, target)) return { keys, settled: [] };
    if (keys.length > 0) return { keys, settled: [] };
    const result = withoutReceipt(target, null, "not_found");
    if (requestId !== null) this.#ledger.settle(requestId, [{ ...result, orgId: null }]);
    return { keys, settled: [result] };
  }

  #notLocated(requestId: string | null, target: number): RevocationResult {
    if (requestId === null) return withoutReceipt(target, null, "unconfirmed");
    this.#ledger.failed(requestId, [{ target, keyId: null }], Date.now());
    return withoutReceipt(target, null, "unconfirmed", this.#ledger.request(requestId).at);
  }

  async #inspectOne(key: KeyTarget, looking: Promise<StoredKey | null>): Promise<RevocationResult> {
    const { target, keyId } = key;
    try {
      const found = await looking;
      if (found === null) return withoutReceipt(target, keyId, isLocated(key) ? "unconfirmed" : "not_found");
      const { effectiveAt = null, version = 0 } = found.revocation ?? {};
      if (effectiveAt === null) return withoutReceipt(target, keyId, "would_revoke");
      const { revokedAt: requestedAt } = found.record;
      return { target, keyId, status: "revoked", requestedAt, effectiveAt, version };
    } catch {
      return withoutReceipt(target, keyId, "unconfirmed");
    }
  }

  async #tellOne(request: RevocationRequest, orgId: string, cuts: readonly UntoldCut[]): Promise<void> {
    try {
      const told = this.#env.ORGANIZATION.getByName(orgId).noteCuts(request, cuts);
      await within(ORGANIZATION_TIMEOUT_MS, told);
      this.#ledger.told(request.id, cuts);
    } catch {
      this.#ledger.failed(request.id, cuts, Date.now());
    }
  }
}

/** What became of a key that was to be cut. */
interface CutResult {
  readonly result: RevocationResult;
  /** `null` when there is no such key, or its organisation is not known. */
  readonly orgId: string | null;
  /** It is to be tried again. */
  readonly hasFailed: boolean;
}

async function cutResultOf(
  key: KeyTarget,
  cutting: Promise<Confirmation | null>,
  at: number,
): Promise<CutResult> {
  const { target, keyId } = key;
  const cut = await cutting.catch(() => undefined);
  // A key that its organisation knows and that has not reached its guard is cut as soon as it has.
  if (cut === null && !isLocated(key)) {
    return { result: withoutReceipt(target, keyId, "not_found"), orgId: null, hasFailed: false };
  }
  // Only a dead record says that the key is dead.
  if (cut?.record?.revokedAt == null) {
    return { result: withoutReceipt(target, keyId, "unconfirmed", at), orgId: null, hasFailed: true };
  }
  const { effectiveAt, version, record } = cut;
  const { revokedAt: requestedAt, orgId } = record;
  const result = { target, keyId, status: "revoked", requestedAt, effectiveAt, version } as const;
  return { result, orgId, hasFailed: false };
}

/**
 * Whether the key's organisation has named it: then it exists, and a guard that knows nothing of it will, as soon as
 * the key's creation has come through.
 */
function isLocated({ orgId }: KeyTarget): boolean {
  return orgId !== null;
}

/** Asks about keys, each group in one call; returns each key with the answer about it. */
function askGroups<T>(
  keys: readonly KeyTarget[],
  ask: (group: string, matches: readonly KeyMatch[]) => Promise<T>[],
): [KeyTarget, Promise<T>][] {
  return byGroups(keys).flatMap(({ group, keys: these }) => {
    const asked = ask(group, these.map(matchOf));
    return these.map((key, i): [KeyTarget, Promise<T>] => [key, required(asked[i], "answer")]);
  });
}

function matchOf({ keyId, orgId, hash }: KeyTarget): KeyMatch {
  return { keyId, ...(orgId !== null && { orgId }), ...(hash !== null && { hash }) };
}

/** Lines of NDJSON as they come. A reader who has gone away stops the lines, never the work. */
function streamOf(
  work: (emit: (result: RevocationResult) => void) => Promise<void>,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const ignore = (): void => {};
  const lines = new Batches((results: readonly RevocationResult[]) =>
    writer.write(ndjsonLines(results)).catch(ignore),
  );
  void work((result) => lines.add(result))
    .then(() => lines.end())
    .then(() => writer.close())
    .catch((error: unknown) => writer.abort(error))
    .catch(ignore);
  return readable;
}
