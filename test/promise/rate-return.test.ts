import { expect, test } from "vitest";
import { type CreatedKey } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const portcullis = await usePortcullis({ edges: 2 });

async function use(key: CreatedKey, times: number, edge: number): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: times }, () => portcullis.call("GET", "/v1/networks", { as: key.key, edge })),
  );
  return answers.filter(({ status }) => status === 200).length;
}

test("what one edge reserved in a burst and did not use, another may: together exactly the limit", async () => {
  const limit = 200;
  const key = await portcullis.createKey({ rateLimit: { requests: limit, windowSeconds: 3600 } });
  let admitted = 0;
  for (let burst = 0; burst < 8; burst++) admitted += await use(key, 5, 0);
  // An edge returns what a key that has gone quiet does not need after about a second.
  await expect.poll(async () => (admitted += await use(key, 5, 1))).toBeGreaterThanOrEqual(limit);
  admitted += await use(key, 20, 1);
  expect(admitted).toBe(limit);
});
