import { expect, test } from "vitest";
import { setOwnHeaders } from "../../../src/core/http/own-answer.ts";

test.each([
  [{}, null, { "cache-control": "no-store", "x-request-id": "r1" }],
  [{ "Cache-Control": "private" }, null, { "cache-control": "private", "x-request-id": "r1" }],
  [{}, 7, { "cache-control": "no-store", "server-timing": "total;dur=7", "x-request-id": "r1" }],
])("an answer with %j that took %s ms, if that is to be told, gets %j", (own, totalMs, all) => {
  const headers = new Headers(own as Record<string, string>);
  setOwnHeaders(headers, "r1", totalMs);
  expect(Object.fromEntries(headers)).toEqual(all);
});
