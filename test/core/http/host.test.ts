import { expect, test } from "vitest";
import { isHost } from "../../../src/core/http/host.ts";

test.each([
  ["api.example", true],
  ["api.example:8787", true],
  ["api.example:", true],
  ["a_b~c-d.example", true],
  ["127.0.0.1:80", true],
  ["[::1]:443", true],
  ["[FE80::1]", true],
  ["api.example:65535", true],
  ["api.example:65536", false],
  ["api.example:123456", false],
  ["", false],
  [":80", false],
  ["::1", false],
  ["api.example/v1", false],
  ["user@api.example", false],
  ["api.example:80:80", false],
  ["api.example:x", false],
  ["api example", false],
  ["[::1", false],
])("%j is a well-formed Host: %s", (value, isOne) => {
  expect(isHost(value)).toBe(isOne);
});
