import { cutTimeout } from "../../core/cut-timeout.ts";
import type { Control } from "../context.ts";
import { byGroups } from "../../admission/key-guards.ts";
import {
  BATCH_TIMEOUT_MS,
  chunksByWeight,
  chunksOf,
  eachOf,
  OBJECT_TIMEOUT_MS,
  within,
} from "../../core/concurrency.ts";
import { readNdjson } from "../../core/http/ndjson.ts";
import {
  withoutReceipt,
  type KeyTarget,
  type OwnerTarget,
  type RevocationRequest,
  type RevocationResult,
} from "../../core/organization/revocation.ts";
import type { Env } from "../../env.ts";
import { deploymentOf } from "../../state/deployment/deployment-object.ts";
import type { SortedTargets } from "./targets.ts";

/**
 * An invocation may make a thousand calls on the platform's default plan, so the keys go to the deployment's object
 * in batches: each is an invocation of its own, with a thousand calls of its own. It makes one for each group, and one
 * more for each key that its group does not know.
 */
const CALLS_A_BATCH = 800;
/** Keys that are being cut at a time: this many batches. Within them the waits for leases overlap. */
const CONCURRENT_BATCHES = 4;
/** An owner may have thousands of keys, and their ids come back in one answer. */
const OWNERS_A_BATCH = 20;
/** For a whole organisation its guards are asked for their keys, too. */
const ORGANIZATIONS_A_BATCH = 4;

/** Where the results go, each as soon as it is settled. */
export interface Sink {
  /** Says that so many more results are to come. */
  expect(count: number): void;
  settle(result: RevocationResult): void;
  /** When all that was settled has gone out. */
  handedOn(): Promise<void>;
}

/**
 * Records a request, so that from here on every unconfirmed cut is retried. Rejects when that is not
 * possible; then nothing has been cut.
 */
export async function openRevocation(
  env: Env,
  request: RevocationRequest,
  targets: SortedTargets,
): Promise<void> {
  const opening = deploymentOf(env).openRevocation(request, targets.keys, targets.owners);
  await within(OBJECT_TIMEOUT_MS, opening);
}

/** Cuts what a request on record names; with `null` in its place it only tells what would be cut. */
export async function revoke(
  { env, config }: Pick<Control, "env" | "config">,
  request: RevocationRequest | null,
  targets: SortedTargets,
  sink: Sink,
): Promise<void> {
  const deployment = deploymentOf(env);

  const cutAll = (keys: readonly KeyTarget[]): Promise<void> => {
    sink.expect(keys.length);
    return eachOf(batchesOf(keys), CONCURRENT_BATCHES, cutBatch);
  };

  const cutBatch = async (batch: readonly KeyTarget[]): Promise<void> => {
    const waiting = new Map(batch.map((key) => [`${key.target} ${key.keyId}`, key]));
    const settle = async (): Promise<void> => {
      const lines = await (request === null
        ? deployment.inspectKeys(batch)
        : deployment.cutKeys(request.id, batch));
      for await (const result of readNdjson<RevocationResult>(lines)) {
        if (waiting.delete(`${result.target} ${result.keyId}`)) sink.settle(result);
      }
    };
    // What has not been heard of is on record, and is retried.
    await within(cutTimeout(config) + OBJECT_TIMEOUT_MS, settle()).catch(() => {});
    const unheard = [...waiting.values()];
    waiting.clear();
    for (const { target, keyId } of unheard) sink.settle(unconfirmed(target, keyId, request));
  };

  const locateBatch = async (batch: readonly OwnerTarget[]): Promise<void> => {
    const locating = deployment.locateKeys(request?.id ?? null, batch);
    const located = await within(BATCH_TIMEOUT_MS, locating).catch(() => ({
      keys: [],
      settled: batch.map(({ target }) => unconfirmed(target, null, request)),
    }));
    sink.expect(located.settled.length);
    for (const result of located.settled) sink.settle(result);
    await cutAll(located.keys);
  };

  const organizations = targets.owners.filter(({ ownerId }) => ownerId === null);
  const owners = targets.owners.filter(({ ownerId }) => ownerId !== null);
  sink.expect(targets.unknown.length);
  for (const result of targets.unknown) sink.settle(result);
  await Promise.all([
    cutAll(targets.keys),
    eachOf(chunksOf(owners, OWNERS_A_BATCH), CONCURRENT_BATCHES, locateBatch),
    eachOf(chunksOf(organizations, ORGANIZATIONS_A_BATCH), CONCURRENT_BATCHES, locateBatch),
  ]);
  // The receipts come first. Organisations that do not answer now are notified later.
  await sink.handedOn();
  // What was handed on leaves in a later turn, and telling may keep this process busy.
  await scheduler.wait(1);
  if (request !== null) await within(BATCH_TIMEOUT_MS, deployment.tellOfCuts(request.id)).catch(() => {});
}

/** Keys in batches, those of a group in one. */
function batchesOf(keys: readonly KeyTarget[]): KeyTarget[][] {
  const batches = chunksByWeight(byGroups(keys), CALLS_A_BATCH, (group) => 1 + group.keys.length);
  return batches.map((batch) => batch.flatMap((group) => group.keys));
}

function unconfirmed(
  target: number,
  keyId: string | null,
  request: RevocationRequest | null,
): RevocationResult {
  return withoutReceipt(target, keyId, "unconfirmed", request?.at ?? null);
}
