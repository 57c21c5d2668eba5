import { describe, expect, test } from "vitest";
import {
  DELIVERY_STATUSES,
  generateWebhookSecret,
  isLoopbackUrl,
  KEY_EVENTS,
  nextAttemptAt,
  SECRET_OVERLAP_MS,
  TEST_EVENT,
  webhookBounds,
  webhookPayload,
  webhookUrlProblem,
} from "../../../src/core/organization/webhook.ts";

const SECOND = 1000;
const HOUR = 3_600_000;
const NOW = Date.parse("2026-11-20T09:00:00Z");

test("events and states have the names that receivers know", () => {
  expect(KEY_EVENTS.map((name) => name.replace("api_key.", ""))).toEqual([
    "created",
    "expiring",
    "expired",
    "revoked",
    "leaked",
  ]);
  expect([TEST_EVENT, ...DELIVERY_STATUSES]).toEqual(["webhook.test", "pending", "delivered", "failed"]);
});

test("a secret is 32 bytes, and the one before counts for a day more", () => {
  const [prefix, bytes = ""] = generateWebhookSecret().split("_");
  expect([prefix, Buffer.from(bytes, "base64").length]).toEqual(["whsec", 32]);
  expect(SECRET_OVERLAP_MS).toBe(24 * HOUR);
});

test("a message tells what happened, and when", () => {
  expect(JSON.parse(webhookPayload("api_key.created", { keyId: "key_1" }, NOW))).toEqual({
    type: "api_key.created",
    timestamp: new Date(NOW).toISOString(),
    data: { keyId: "key_1" },
  });
});

describe("an attempt that failed is followed by another", () => {
  const DELAYS = [
    5 * SECOND,
    300 * SECOND,
    HOUR / 2,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
    14 * HOUR,
    20 * HOUR,
    24 * HOUR,
  ];

  test.each(DELAYS.map((delay, i) => [i + 1, delay] as const))(
    "the %ith after %i ms and a tenth",
    (n, delay) => {
      expect(nextAttemptAt(n, NOW, 0, null)).toBe(NOW + delay);
      expect(nextAttemptAt(n, NOW, 1, null)).toBe(NOW + Math.round(1.1 * delay));
    },
  );

  test("ten times in all", () => {
    expect(nextAttemptAt(10, NOW, 0, null)).toBeNull();
    expect(nextAttemptAt(10, NOW, 0, 5)).toBeNull();
  });

  test.each([
    [7 * SECOND, 7 * SECOND],
    [SECOND, 5 * SECOND],
    [25 * HOUR, 24 * HOUR],
  ])("no earlier than it asks for, within a day: %i ms", (asked, delay) => {
    expect(nextAttemptAt(1, NOW, 0, asked)).toBe(NOW + delay);
  });
});

test.each([
  ["http://localhost:8787/", true],
  ["http://127.0.0.1/", true],
  ["http://127.9.9.9/", true],
  ["http://[::1]/", true],
  ["http://[::ffff:127.0.0.1]/", true],
  ["http://10.0.0.1/", false],
  ["https://localhost.example.com/", false],
  ["nonsense", false],
])("%s leads to this machine: %s", (url, isOne) => {
  expect(isLoopbackUrl(url)).toBe(isOne);
});

describe("a webhook's URL", () => {
  const BOUNDS = webhookBounds({
    identity: { issuer: "https://id.example" },
    origin: { url: "https://api.example" },
    origins: new Map([["uploads", { url: "https://uploads.example/v1" }]]),
    publicOrigin: "https://gateway.example",
    controlHostname: "control.example",
  });
  const LOCAL = webhookBounds({
    identity: { issuer: "http://127.0.0.1:8788" },
    origin: { url: "http://127.0.0.1:8788" },
    origins: new Map(),
    publicOrigin: null,
    controlHostname: null,
  });

  test.each<[string, typeof BOUNDS, string | null]>([
    ["https://hooks.example/x?y", BOUNDS, null],
    ["https://8.8.8.8/", BOUNDS, null],
    ["https://[2606:4700::1]/", BOUNDS, null],
    ["nonsense", BOUNDS, "Must be a URL"],
    ["https://hooks.example/\u0007", BOUNDS, "Must be a URL"],
    ["https://user@hooks.example/", BOUNDS, "Must not hold a user name or password"],
    ["https://:secret@hooks.example/", BOUNDS, "Must not hold a user name or password"],
    ["https://hooks.example/#x", BOUNDS, "Must have no fragment"],
    ["http://hooks.example/", BOUNDS, "Must be an https URL"],
    ["http://127.0.0.1:9000/", BOUNDS, "Must be an https URL"],
    ["http://127.0.0.1:9000/", LOCAL, null],
    ["http://hooks.example/", LOCAL, "Must be an https URL"],
    ["http://localhost:8788/", LOCAL, "Must not lead to the gateway, nor to the API behind it"],
    ["https://localhost/", BOUNDS, "Must lead to a public host"],
    ["https://10.0.0.1/", BOUNDS, "Must lead to a public host"],
    ["https://168.63.129.16/", BOUNDS, "Must lead to a public host"],
    ["https://[fd00::1]/", BOUNDS, "Must lead to a public host"],
    ["https://[4000::1]/", BOUNDS, "Must lead to a public host"],
    ["https://printer/", BOUNDS, "Must lead to a public host"],
    ["https://db.internal/", BOUNDS, "Must lead to a public host"],
    ["https://10.0.0.1.nip.io/", BOUNDS, "Must lead to a public host"],
    ["https://xnip.io/", BOUNDS, null],
  ])("%s", (url, bounds, problem) => {
    expect(webhookUrlProblem(url, bounds)).toBe(problem);
  });

  test.each(["api", "uploads", "gateway", "control"])("does not lead back to the %s", (name) => {
    expect(webhookUrlProblem(`https://${name}.example.:8443/hook`, BOUNDS)).toBe(
      "Must not lead to the gateway, nor to the API behind it",
    );
  });
});
