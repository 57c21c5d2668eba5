import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { eventually, operatorOf } from "../support/operators.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const EDGES = 2;
const KEYS = 100;
/** A client that goes on all the same is sooner or later told to slow down. */
const REFUSALS = ["api_key_revoked", "too_many_failures"];
/** How many calls with each key are to be seen before and after the answer. */
const ENOUGH_CALLS = 2 * EDGES;
/** Between two calls of a client: each key is in use well within every lease, and the machine has time for the answer. */
const PAUSE_MS = 400;

const portcullis = await usePortcullis({ edges: EDGES, vars: { ADMISSION_LEASE_MS: "1000" } });

interface Call {
  readonly sentAt: number;
  readonly status: number;
  readonly code: string | undefined;
}

/** Calls with a key over both edges, until told to stop. */
function load(key: CreatedKey) {
  const from = freshAddress();
  const calls: Call[] = [];
  const control = { stopped: false };
  const client = async (edge: number): Promise<void> => {
    while (!control.stopped) {
      const sentAt = performance.now();
      const response = await portcullis.call("GET", "/v1/vaults/vault_1", { as: key.key, edge, from });
      const body = await response.json<{ error?: { code: string } }>();
      calls.push({ sentAt, status: response.status, code: body.error?.code });
      await setTimeout(PAUSE_MS);
    }
  };
  const running = Promise.all(Array.from({ length: EDGES }, (_, edge) => client(edge)));
  return {
    calls,
    stop: () => {
      control.stopped = true;
      return running;
    },
  };
}

test("of a hundred leaked keys that one answer revokes none lets a request through that was sent after it", async () => {
  const keys = await Promise.all(Array.from({ length: KEYS }, () => portcullis.createKey()));
  const loads = keys.map(load);
  await eventually(async () => loads.every(({ calls }) => calls.length >= ENOUGH_CALLS));
  const answer = await operatorOf(portcullis).revoke(keys.map(({ key }) => ({ key })));
  const answeredAt = performance.now();
  expect(answer.summary).toEqual({ matched: KEYS, confirmed: KEYS, unconfirmed: 0, notFound: 0 });
  const seen = loads.map(({ calls }) => calls.length);
  await eventually(async () => loads.every(({ calls }, i) => calls.length >= (seen[i] ?? 0) + ENOUGH_CALLS));
  await Promise.all(loads.map(({ stop }) => stop()));

  const before = loads.flatMap(({ calls }) => calls.slice(0, ENOUGH_CALLS));
  expect(before.filter(({ status }) => status !== 200)).toEqual([]);
  const after = loads.map(({ calls }) => calls.filter(({ sentAt }) => sentAt >= answeredAt));
  expect(after.every((calls) => calls.length >= EDGES)).toBe(true);
  expect(after.flat().filter(({ code }) => !REFUSALS.includes(code ?? ""))).toEqual([]);
});
