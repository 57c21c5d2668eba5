import { describe, expect, test } from "vitest";
import { invalid } from "../../../src/core/refusal.ts";
import {
  allowlistCovers,
  breadthOf,
  compileAllowlist,
  parseRange,
} from "../../../src/core/key/ip-allowlist.ts";

describe("an entry is stored in its canonical spelling", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["10.0.0.0/8", "10.0.0.0/8"],
    ["203.0.113.7/32", "203.0.113.7/32"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["192.0.2.128/25", "192.0.2.128/25"],
    ["::/0", "::/0"],
    ["::", "::"],
    ["::1", "::1"],
    ["2001:DB8::A", "2001:db8::a"],
    ["2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:db8::/32", "2001:db8::/32"],
    ["2001:db8::1/128", "2001:db8::1/128"],
    ["2001:db8::8000/113", "2001:db8::8000/113"],
    ["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
    ["1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:6:c000:201"],
    ["::0:8.8.8.8", "::808:808"],
  ])("%s is %s", (text, canonical) => {
    expect(parseRange(text)).toBe(canonical);
    expect(parseRange(canonical)).toBe(canonical);
  });

  test.each([
    ["::ffff:10.1.2.3", "10.1.2.3"],
    ["::FFFF:10.1.2.3", "10.1.2.3"],
    ["::ffff:a01:203", "10.1.2.3"],
    ["0:0:0:0:0:ffff:10.1.2.3", "10.1.2.3"],
    ["::ffff:10.1.2.3/128", "10.1.2.3/32"],
    ["::ffff:10.0.0.0/104", "10.0.0.0/8"],
    ["::ffff:0:0/96", "0.0.0.0/0"],
  ])("IPv4-mapped %s is the IPv4 entry %s", (text, canonical) => {
    expect(parseRange(text)).toBe(canonical);
  });
});

test.each([
  ["10.0.0.5/8", "10.0.0.0/8"],
  ["10.0.0.1/0", "0.0.0.0/0"],
  ["192.0.2.129/25", "192.0.2.128/25"],
  ["2001:DB8::1/32", "2001:db8::/32"],
  ["2001:db8::1/127", "2001:db8::/127"],
  ["::ffff:10.0.0.5/104", "10.0.0.0/8"],
])("%s has host bits set, and the problem names the network %s", (text, network) => {
  expect(parseRange(text)).toEqual(invalid(`${text} has host bits set; did you mean ${network}?`));
});

describe("what is not an address or range in standard notation is refused", () => {
  test.each([
    ["empty", ["", " ", "/", "/8"]],
    ["spaces", [" 10.0.0.1", "10.0.0.1 ", "10.0.0.1\n", "10.0.0.0 /8", "10.0.0.0/ 8"]],
    ["octal and zero-padded", ["010.0.0.1", "10.0.0.01", "00.0.0.0", "127.0.0.08", "::ffff:010.0.0.1"]],
    ["hex", ["0x7f.0.0.1", "0x7f000001", "::ffff:0x0a.0.0.1"]],
    ["short and integer", ["10", "10.1", "10.0.1", "2130706433", "10.0/8", "10/8"]],
    ["too long or large", ["10.0.0.1.2", "256.0.0.1", "10.0.0.256", "1e1.0.0.1", "1.2.3.4."]],
    ["non-ASCII digits", ["١.1.1.1", "１.1.1.1"]],
    ["zone id", ["fe80::1%eth0", "fe80::1%1", "fe80::%1/64", "::ffff:10.0.0.1%1"]],
    ["brackets and port", ["[::1]", "10.0.0.1:80", "[::1]:80"]],
    [
      "broken IPv6",
      [":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8:", ":1::2"],
    ],
    ["broken IPv6 groups", ["12345::", "g::1", "1::2:", "1:2:3:4:5:6:7::8:9", "1:2:3:4:5:6:7:1.2.3.4"]],
    ["deprecated IPv4-compatible", ["::8.8.8.8", "::10.0.0.0/8", "::10.0.0.0/104"]],
    ["prefix", ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/8.0", "10.0.0.0/+8"]],
    ["prefix of IPv6", ["::/129", "::/0x10", "::/00", "2001:db8::/", "2001:db8::/32/32"]],
    ["netmask", ["10.0.0.0/255.0.0.0"]],
    ["mapped range that is more than IPv4", ["::ffff:0:0/95", "::ffff:10.0.0.0/8", "::ffff:0:0/0"]],
    ["overlong", [`${"0:".repeat(40)}1`, "1".repeat(10_000), ":".repeat(10_000)]],
  ])("%s", (_kind, texts) => {
    for (const text of texts) expect(parseRange(text), text).toEqual(invalid(expect.stringMatching(/./)));
  });
});

describe("an allowlist lets in what is inside one of its ranges", () => {
  const RANGES = ["10.0.0.0/8", "192.0.2.128/25", "203.0.113.7", "2001:db8::/33", "2001:db8:ffff::1"];
  test.each([
    ["10.0.0.0", true],
    ["10.255.255.255", true],
    ["9.255.255.255", false],
    ["11.0.0.0", false],
    ["192.0.2.128", true],
    ["192.0.2.255", true],
    ["192.0.2.127", false],
    ["203.0.113.7", true],
    ["203.0.113.6", false],
    ["2001:db8::", true],
    ["2001:DB8:7FFF::1", true],
    ["2001:0db8:0000:0000:0000:0000:0000:0001", true],
    ["2001:db8:8000::1", false],
    ["2001:db7:ffff::1", false],
    ["2001:db8:ffff::1", true],
    ["2001:db8:ffff::2", false],
    // IPv4-mapped addresses are their IPv4 addresses.
    ["::ffff:10.1.2.3", true],
    ["::FFFF:a01:203", true],
    ["0:0:0:0:0:ffff:203.0.113.7", true],
    ["::ffff:11.0.0.1", false],
    // These only look like one of the addresses above.
    ["::10.0.0.1", false],
    ["::a00:1", false],
    ["::0:10.0.0.1", false],
    ["64:ff9b::10.0.0.1", false],
    ["::ffff:0:10.0.0.1", false],
    ["a00::", false],
    ["010.0.0.1", false],
    ["012.0.0.1", false],
    ["10.1", false],
    ["0xa.0.0.1", false],
    ["167772161", false],
    ["10.0.0.1:443", false],
    ["10.0.0.1/8", false],
    ["10.0.0.1, 1.1.1.1", false],
    [" 10.0.0.1", false],
    ["2001:db8::1%eth0", false],
    ["2001:db8::1%1", false],
    ["::ffff:10.0.0.1%1", false],
    ["[2001:db8::1]", false],
    ["", false],
    ["unknown", false],
  ])("%s: %s", (address, expected) => {
    expect(compileAllowlist(RANGES)(address)).toBe(expected);
  });
});

describe("a range of all addresses is one of its own family only", () => {
  test.each([
    [["0.0.0.0/0"], "8.8.8.8", true],
    [["0.0.0.0/0"], "::ffff:8.8.8.8", true],
    [["0.0.0.0/0"], "2001:db8::1", false],
    [["0.0.0.0/0"], "::808:808", false],
    [["::/0"], "2001:db8::1", true],
    [["::/0"], "8.8.8.8", false],
    [["::/0"], "::ffff:8.8.8.8", false],
    [["0.0.0.0/0"], "not an address", false],
    [["::/0"], "", false],
    [["0.0.0.0/0", "::/0"], "8.8.8.8", true],
    [["0.0.0.0/0", "::/0"], "2001:db8::1", true],
  ])("%j, %s: %s", (ranges, address, expected) => {
    expect(compileAllowlist(ranges)(address)).toBe(expected);
  });
});

test("an empty allowlist restricts nothing", () => {
  const allows = compileAllowlist([]);
  expect(["10.0.0.1", "::1", ""].map(allows)).toEqual([true, true, true]);
});

test("a list that holds something other than a range is an error, not an open door", () => {
  expect(() => compileAllowlist(["10.0.0.0/8", "::10.0.0.0/8"])).toThrow("::10.0.0.0/8");
});

test.each([
  ["0.0.0.0/0", "all"],
  ["::/0", "all"],
  ["10.0.0.0/8", "wide"],
  ["128.0.0.0/1", "wide"],
  ["10.0.0.0/9", null],
  ["203.0.113.0/24", null],
  ["203.0.113.7", null],
  ["2000::/3", "wide"],
  ["2001:db8::/32", null],
  ["::1", null],
])("%s restricts so little: %j", (range, breadth) => {
  expect(breadthOf(range)).toBe(breadth);
});

test.each([
  [["10.0.0.0/8"], ["10.1.0.0/16"], true],
  [["10.1.0.0/16"], ["10.0.0.0/8"], false],
  [["10.0.0.0/9", "10.128.0.0/9"], ["10.0.0.0/8"], true],
  [["10.128.0.0/9", "10.0.0.0/9"], ["10.0.0.0/8"], true],
  [["10.0.0.0/10", "10.128.0.0/9"], ["10.0.0.0/8"], false],
  [["10.0.0.0/8", "10.1.0.0/16"], ["10.255.255.255"], true],
  [["10.0.0.1", "10.0.0.3"], ["10.0.0.1", "10.0.0.3"], true],
  [["10.0.0.1", "10.0.0.3"], ["10.0.0.2"], false],
  [["10.0.0.2", "10.0.0.3"], ["10.0.0.2/31"], true],
  [["10.0.0.2"], ["10.0.0.2/31"], false],
  [["10.0.0.3"], ["10.0.0.2/31"], false],
  [["::/0"], ["10.0.0.1"], false],
  [["0.0.0.0/0"], ["::1"], false],
  [["0.0.0.0/0", "::/0"], [], true],
  [["0.0.0.0/0"], [], false],
  [["::/0"], [], false],
  [[], ["10.0.0.1", "2001:db8::/32"], true],
  [["2001:db8::/32", "10.0.0.0/8"], ["10.0.0.1", "2001:db8::1"], true],
  [["::a00:1"], ["10.0.0.1"], false],
  [["10.0.0.0/8", "12.0.0.0/8", "13.0.0.0/8"], ["12.0.0.0/7"], true],
  [["no range", "10.0.0.0/8"], ["10.1.0.0/16"], true],
] as const)("the allowlist %j covers %j: %s", (outer, inner, covers) => {
  expect(allowlistCovers(outer, inner)).toBe(covers);
});
