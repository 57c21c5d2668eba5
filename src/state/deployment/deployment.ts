import { DurableObject } from "cloudflare:workers";
import type {
  KeyTarget,
  OwnerTarget,
  RevocationEntry,
  RevocationQuery,
  RevocationRequest,
} from "../../core/revocation.ts";
import type { Env } from "../../env.ts";
import { RevocationLedger } from "./revocation-ledger.ts";
import { Revocations, type Located } from "./revocations.ts";

/** What is kept once for the whole deployment: the record of emergency revocations, and the work left on them. */
export class Deployment extends DurableObject<Env> {
  readonly #revocations = new Revocations(this.env, new RevocationLedger(this.ctx.storage));

  /** Puts a request on record: from here on everything that it names is retried until it is confirmed. */
  openRevocation(
    request: RevocationRequest,
    keys: readonly KeyTarget[],
    owners: readonly OwnerTarget[],
  ): Promise<void> {
    return this.#revocations.open(request, keys, owners);
  }

  /** Asks organisations which keys are meant. `null` as the request: nothing is put on record. */
  locateKeys(requestId: string | null, owners: readonly OwnerTarget[]): Promise<Located> {
    return this.#revocations.locate(requestId, owners);
  }

  /** Cuts keys of a request on record; a line of NDJSON for each as soon as it is settled. */
  cutKeys(requestId: string, keys: readonly KeyTarget[]): ReadableStream<Uint8Array> {
    return this.#revocations.cut(requestId, keys);
  }

  /** Tells of each key, in the same form, what a cut would do. */
  inspectKeys(keys: readonly KeyTarget[]): ReadableStream<Uint8Array> {
    return this.#revocations.inspect(keys);
  }

  /** A page of what is on record, and one more if there is a next page. */
  listRevocations(query: RevocationQuery): RevocationEntry[] {
    return this.#revocations.list(query);
  }

  override alarm(): Promise<void> {
    return this.#revocations.retry();
  }
}
