import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
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
