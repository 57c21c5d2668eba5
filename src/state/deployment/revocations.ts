import type { KeyMatch } from "../../admission/guard/key-guard.ts";
import { KeyGuards } from "../../admission/key-guards.ts";
import { within } from "../../core/concurrency.ts";
import type { Leak } from "../../core/leak.ts";
import { ndjsonLine } from "../../core/ndjson.ts";
import {
  withoutReceipt,
  type Cut,
  type KeyTarget,
  type OwnerTarget,
  type RevocationEntry,
  type RevocationQuery,
  type RevocationRequest,
  type RevocationResult,
} from "../../core/revocation.ts";
import type { Env } from "../../env.ts";
import type { Alarm } from "../alarm.ts";
import { CUT_TIMEOUT_MS } from "../cut-timeout.ts";
import type { DueRevocation, RevocationLedger } from "./revocation-ledger.ts";

/** An organisation that does not answer holds up nobody for longer than this. */
const ORGANIZATION_TIMEOUT_MS = 2000;
/** A call looks after its own rows for this long before the alarm does. */
const CALL_MS = 30_000;
/** Ids that an organisation names at a time. */
const PAGE = 5000;
/** Rows that one run of the alarm looks after: each is a call or two, of the thousand that an invocation may make. */
const ALARM_BATCH = 250;

/** The keys that organisations have named, and what became of targets of which none came. */
export interface Located {
  readonly keys: KeyTarget[];
  readonly settled: RevocationResult[];
}

/** What a guard said of a key, and whose it is. */
interface Outcome {
  readonly result: RevocationResult;
  readonly orgId: string | null;
}

/**
 * Emergency revocation: keys are cut at their guards, which needs no organisation, and the organisations are told
 * afterwards. Whatever does not work is on record and is tried again by the alarm until it does.
 */
export class Revocations {
  readonly #env: Env;
  readonly #guards: KeyGuards;
  readonly #ledger: RevocationLedger;
  readonly #alarm: Alarm;

  constructor(env: Env, ledger: RevocationLedger, alarm: Alarm) {
    this.#env = env;
    this.#guards = new KeyGuards(env.KEY_GUARD);
    this.#ledger = ledger;
    this.#alarm = alarm;
  }

  open(request: RevocationRequest, keys: readonly KeyTarget[], owners: readonly OwnerTarget[]): void {
    this.#ledger.open(request, keys, owners, Date.now() + CALL_MS);
    this.#plan();
  }

  async locate(requestId: string | null, owners: readonly OwnerTarget[]): Promise<Located> {
    const located: Located = { keys: [], settled: [] };
    await Promise.all(
      owners.map((owner) => this.#locateOne(requestId, owner, Date.now() + CALL_MS, located)),
    );
    if (requestId !== null) this.#plan();
    return located;
  }

  cut(requestId: string, keys: readonly KeyTarget[]): ReadableStream<Uint8Array> {
    const { at } = this.#ledger.request(requestId);
    return streamOf(async (emit) => {
      const outcomes = await Promise.all(
        keys.map(async (key) => {
          const outcome = await this.#cutOne(requestId, key, at);
          emit(outcome.result);
          return outcome;
        }),
      );
      await this.#tell(requestId, outcomes);
      this.#plan();
    });
  }

  inspect(keys: readonly KeyTarget[]): ReadableStream<Uint8Array> {
    return streamOf(async (emit) => {
      await Promise.all(keys.map(async (key) => emit(await this.#inspectOne(key))));
    });
  }

  list(query: RevocationQuery): RevocationEntry[] {
    return this.#ledger.list(query);
  }

  /** Does what is left to do and due: asks organisations for keys, cuts keys, tells organisations of cuts. */
  async retry(): Promise<void> {
    const due = this.#ledger.due(Date.now(), ALARM_BATCH);
    const ofRequests = Map.groupBy(due, ({ requestId }) => requestId);
    await Promise.all(ofRequests.entries().map(([requestId, rows]) => this.#retryRequest(requestId, rows)));
  }

  /** When {@link retry} is to be called next; milliseconds since the epoch. */
  nextRetry(): number | null {
    return this.#ledger.nextAt();
  }

  #plan(): void {
    const at = this.nextRetry();
    if (at !== null) this.#alarm.ringBy(at);
  }

  async #retryRequest(requestId: string, rows: readonly DueRevocation[]): Promise<void> {
    const { at } = this.#ledger.request(requestId);
    const outcomes = await Promise.all(
      rows.map(async (row): Promise<Outcome | null> => {
        const { target, keyId, orgId, ownerId, hash } = row;
        if (row.status === "revoked") return { result: row, orgId };
        if (keyId !== null) return this.#cutOne(requestId, { target, keyId, orgId, hash }, at);
        const owner = { target, orgId: orgId as string, ownerId };
        await this.#locateOne(requestId, owner, Date.now(), { keys: [], settled: [] });
        return null;
      }),
    );
    await this.#tell(
      requestId,
      outcomes.filter((outcome) => outcome !== null),
    );
  }

  async #locateOne(
    requestId: string | null,
    owner: OwnerTarget,
    dueAt: number,
    located: Located,
  ): Promise<void> {
    const { target, orgId, ownerId } = owner;
    let keys: KeyTarget[];
    try {
      const ids = await this.#keyIds(orgId, ownerId);
      keys = ids.map((keyId) => ({ target, keyId, orgId, hash: null }));
    } catch {
      const requestedAt = requestId === null ? null : this.#ledger.request(requestId).at;
      located.settled.push(withoutReceipt(target, null, "unconfirmed", requestedAt));
      if (requestId !== null) this.#ledger.failed(requestId, { target, keyId: null }, Date.now());
      return;
    }
    if (keys.length > 0) {
      for (const key of keys) located.keys.push(key);
      if (requestId !== null) this.#ledger.located(requestId, owner, keys, dueAt);
      return;
    }
    const result = withoutReceipt(target, null, "not_found");
    located.settled.push(result);
    if (requestId !== null) this.#ledger.settle(requestId, result, null);
  }

  async #keyIds(orgId: string, ownerId: string | null): Promise<string[]> {
    const organization = this.#env.ORGANIZATION.getByName(orgId);
    const ids: string[] = [];
    for (;;) {
      const page = await within(
        ORGANIZATION_TIMEOUT_MS,
        organization.listKeyIds(ownerId, ids.at(-1) ?? "", PAGE),
      );
      for (const id of page) ids.push(id);
      if (page.length < PAGE) return ids;
    }
  }

  async #cutOne(requestId: string, key: KeyTarget, requestedAt: number): Promise<Outcome> {
    const { target, keyId } = key;
    try {
      const cut = await within(CUT_TIMEOUT_MS, this.#guards.cut(matchOf(key)));
      if (cut === null && isLocated(key)) throw new Error("The key has not reached its guard");
      const result: RevocationResult =
        cut === null
          ? withoutReceipt(target, keyId, "not_found")
          : {
              target,
              keyId,
              status: "revoked",
              requestedAt: cut.record?.revokedAt ?? null,
              effectiveAt: cut.effectiveAt,
              version: cut.version,
            };
      const orgId = cut?.record?.orgId ?? null;
      this.#ledger.settle(requestId, result, orgId);
      return { result, orgId };
    } catch {
      this.#ledger.failed(requestId, key, Date.now());
      return { result: withoutReceipt(target, keyId, "unconfirmed", requestedAt), orgId: null };
    }
  }

  async #inspectOne(key: KeyTarget): Promise<RevocationResult> {
    const { target, keyId } = key;
    try {
      const found = await within(CUT_TIMEOUT_MS, this.#guards.look(matchOf(key)));
      if (found === null) return withoutReceipt(target, keyId, isLocated(key) ? "unconfirmed" : "not_found");
      const { effectiveAt = null, version = 0 } = found.revocation ?? {};
      if (effectiveAt === null) return withoutReceipt(target, keyId, "would_revoke");
      const { revokedAt: requestedAt } = found.record;
      return { target, keyId, status: "revoked", requestedAt, effectiveAt, version };
    } catch {
      return withoutReceipt(target, keyId, "unconfirmed");
    }
  }

  /** Tells each organisation which of its keys are dead; one that does not take it in is told again later. */
  async #tell(requestId: string, outcomes: readonly Outcome[]): Promise<void> {
    const request = this.#ledger.request(requestId);
    const revoked = outcomes.filter(({ result }) => result.status === "revoked");
    const ofOrganizations = Map.groupBy(revoked, ({ orgId }) => orgId as string);
    const telling = ofOrganizations.entries().map(async ([orgId, cuts]) => {
      try {
        const organization = this.#env.ORGANIZATION.getByName(orgId);
        const told = organization.noteCuts(
          request,
          cuts.map(({ result }) => cutOf(result, this.#ledger.leak(requestId, result.target))),
        );
        await within(ORGANIZATION_TIMEOUT_MS, told);
        for (const { result } of cuts) this.#ledger.told(requestId, result);
      } catch {
        for (const { result } of cuts) this.#ledger.failed(requestId, result, Date.now());
      }
    });
    await Promise.all(telling);
  }
}

/**
 * Whether the key's organisation has named it: then it exists, and a guard that knows nothing of it will, as soon as
 * the key's creation has come through.
 */
function isLocated({ orgId }: KeyTarget): boolean {
  return orgId !== null;
}

function matchOf({ keyId, orgId, hash }: KeyTarget): KeyMatch {
  return { keyId, ...(orgId !== null && { orgId }), ...(hash !== null && { hash }) };
}

/** The cut behind a result that says `revoked`, whose receipt is complete. */
function cutOf(result: RevocationResult, leak: Leak | null): Cut {
  return {
    keyId: result.keyId as string,
    revokedAt: result.requestedAt as number,
    effectiveAt: result.effectiveAt as number,
    version: result.version as number,
    leak,
  };
}

/** Lines of NDJSON as they come. A reader who has gone away stops the lines, never the work. */
function streamOf(
  work: (emit: (result: RevocationResult) => void) => Promise<void>,
): ReadableStream<Uint8Array> {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const ignore = (): void => {};
  void work((result) => void writer.write(ndjsonLine(result)).catch(ignore))
    .then(() => writer.close())
    .catch((error: unknown) => writer.abort(error))
    .catch(ignore);
  return readable;
}
