import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { MAX_NAMES, OTHERS } from "../../src/core/calls.ts";
import type { UsageBatch } from "../../src/core/usage.ts";
import { UsageLedger } from "../../src/state/usage-ledger.ts";

const USE = { admitted: 1, limited: 0, refused: 0, lastUsedAt: 0, lastUsedIp: "192.0.2.1" };

/** A receiver that answers a delivery when it is told to. */
function receiver() {
  const calls: { readonly batch: UsageBatch; readonly answer: (error?: Error) => void }[] = [];
  const receive = (batch: UsageBatch): Promise<void> =>
    new Promise((resolve, reject) => {
      calls.push({ batch, answer: (error) => (error === undefined ? resolve() : reject(error)) });
    });
  return { calls, receive };
}

test("a delivery that ends late does not take the next batch for delivered", async () => {
  await runInDurableObject(env.KEY_GUARD.getByName("key_usage"), async (_, { storage }) => {
    const ledger = new UsageLedger(storage);
    const { calls, receive } = receiver();
    ledger.add(USE, 0);
    const [first, second] = [ledger.deliver(receive), ledger.deliver(receive)];
    expect(calls.map(({ batch }) => batch.sequence)).toEqual([1, 1]);
    calls[0]?.answer();
    await first;
    ledger.add(USE, 0);
    const next = ledger.deliver(receive);
    calls[1]?.answer();
    await second;
    calls[2]?.answer(new Error("The organisation is not there"));
    await next;
    const again = ledger.deliver(receive);
    expect(calls.map(({ batch }) => batch.sequence)).toEqual([1, 1, 2, 2]);
    calls[3]?.answer();
    await again;
    await ledger.deliver(receive);
    expect(calls).toHaveLength(4);
  });
});

test("calls go with the counts, each once, and at most so many names in a batch", async () => {
  await runInDurableObject(env.KEY_GUARD.getByName("key_calls"), async (_, { storage }) => {
    const ledger = new UsageLedger(storage);
    const batches: UsageBatch[] = [];
    const deliver = () => ledger.deliver(async (batch) => void batches.push(batch));
    ledger.add(USE, 0);
    await deliver();
    ledger.add({ ...USE, calls: new Map([["a", 1]]) }, 0);
    ledger.add(USE, 0);
    ledger.add({ ...USE, calls: new Map(Object.entries({ a: 2, b: 1 })) }, 0);
    await deliver();
    for (let i = 0; i < 2 * MAX_NAMES; i++) ledger.add({ ...USE, calls: new Map([[`n${i}`, 1]]) }, 0);
    await deliver();
    const [none, some, many] = batches.map(({ calls }) => calls);
    expect(none).toBeUndefined();
    expect(some).toEqual(new Map(Object.entries({ a: 3, b: 1 })));
    expect([many?.size, many?.get(OTHERS)]).toEqual([MAX_NAMES + 1, MAX_NAMES]);
  });
});

test("a report that comes late does not turn the last use back", async () => {
  await runInDurableObject(env.KEY_GUARD.getByName("key_last"), async (_, { storage }) => {
    const ledger = new UsageLedger(storage);
    const batches: UsageBatch[] = [];
    ledger.add({ ...USE, lastUsedAt: 2000, lastUsedIp: "192.0.2.2" }, 2000);
    ledger.add({ ...USE, lastUsedAt: 1000, lastUsedIp: "192.0.2.1" }, 2000);
    await ledger.deliver(async (batch) => void batches.push(batch));
    expect(batches[0]).toMatchObject({ lastUsedAt: 2000, lastUsedIp: "192.0.2.2" });
  });
});
