import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRefusal } from "../../../src/core/refusal.ts";
import { holdsCredential } from "../../../src/core/access/url-credential.ts";
import { readCredential } from "../../../src/core/access/credential.ts";
import {
  allowlistCovers,
  breadthOf,
  commonRanges,
  compileAllowlist,
  formatAddress,
  parseAddress,
  parseRange,
} from "../../../src/core/key/ip-allowlist.ts";
import {
  generateKey,
  hidesSecret,
  holdsKey,
  readKeyId,
  withoutSecrets,
} from "../../../src/core/key/key-secret.ts";
import { always, longTexts, textWith } from "../../support/fuzz.ts";

const PREFIXES = ["fkc", "old"];
const KEY = generateKey("fkc");

describe("keys and credentials", () => {
  const TEXT = textWith(
    "fkc_",
    "old",
    "_",
    KEY.key,
    KEY.key.slice(0, 40),
    "eyJ",
    ".",
    "Bearer ",
    "bearer",
    " ",
    ", ",
    "%5f",
    "%",
  );

  test.each<[string, (text: string) => unknown]>([
    ["readKeyId", (text) => readKeyId(text, PREFIXES)],
    ["holdsKey", (text) => holdsKey(text, PREFIXES)],
    ["holdsCredential", (text) => holdsCredential(text, PREFIXES)],
    ["withoutSecrets", withoutSecrets],
    ["hidesSecret", hidesSecret],
    ["readCredential", (text) => readCredential(text, PREFIXES, true)],
  ])("%s reads any text, and long ones in time", (_, read) => {
    always(TEXT, read);
    for (const text of longTexts("fkc_", "_", "eyJ", "eyJ.", "a.", "A", "%5f", "%25", "Bearer ", KEY.key))
      read(text);
  });

  test("no text but a whole key is read as one, and no key is left in a text for a log", () => {
    always(TEXT, (text) => {
      if (readKeyId(text, PREFIXES) !== null) expect(text).toBe(KEY.key);
      expect(withoutSecrets(text)).not.toContain(KEY.key);
      if (text.includes(KEY.key)) expect(hidesSecret(text)).toBe(true);
    });
  });

  test("a key with one letter changed is none", () => {
    always(
      fc.tuple(fc.nat(KEY.key.length - 1), fc.string({ minLength: 1, maxLength: 1 })),
      ([at, letter]) => {
        const changed = KEY.key.slice(0, at) + letter + KEY.key.slice(at + 1);
        if (changed !== KEY.key) expect(readKeyId(changed, PREFIXES)).toBeNull();
      },
    );
  });
});

describe("addresses and ranges", () => {
  const ADDRESS = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((address) => `::ffff:${address}`),
  );
  const RANGE = fc.tuple(ADDRESS, fc.nat(128)).map(([address, prefix]) => `${address}/${prefix}`);
  const TEXT = fc.oneof(
    ADDRESS,
    RANGE,
    textWith("1", "010", "255", "256", ".", ":", "::", "/", "0x7f", "ffff", "%eth0"),
  );
  /** Ranges in their canonical form, as they are kept. */
  const KEPT = fc.array(fc.oneof(ADDRESS, RANGE), { maxLength: 6 }).map((texts) =>
    texts.flatMap((text) => {
      const range = parseRange(text);
      return isRefusal(range) ? [] : [range];
    }),
  );

  test.each<[string, (text: string) => unknown]>([
    ["parseRange", parseRange],
    ["parseAddress", parseAddress],
    ["breadthOf", breadthOf],
    ["an allowlist", compileAllowlist(["192.0.2.0/24", "2001:db8::/32"])],
  ])("%s reads any text, and long ones in time", (_, read) => {
    always(TEXT, read);
    for (const text of longTexts("1", ".", ":", "1.", "1:", "/", "f")) read(text);
  });

  test("what is read is written in one form, which reads the same again", () => {
    always(TEXT, (text) => {
      const range = parseRange(text);
      if (!isRefusal(range)) expect(parseRange(range)).toBe(range);
      const address = parseAddress(text);
      if (address !== null) expect(parseAddress(formatAddress(address))).toEqual(address);
    });
  });

  test("what two allowlists have in common admits whom both admit, and nobody else", () => {
    always(fc.tuple(KEPT, KEPT, fc.array(ADDRESS, { minLength: 1, maxLength: 5 })), ([a, b, addresses]) => {
      const common = commonRanges(a, b);
      for (const address of [...addresses, ...[...a, ...b].map((range) => range.split("/")[0] ?? "")]) {
        const both = compileAllowlist(a)(address) && compileAllowlist(b)(address);
        expect(common !== null && compileAllowlist(common)(address)).toBe(both);
      }
    });
  });

  test("an allowlist that covers another admits whomever that admits", () => {
    always(fc.tuple(KEPT, KEPT, ADDRESS), ([outer, inner, address]) => {
      if (!allowlistCovers(outer, inner) || !compileAllowlist(inner)(address)) return;
      expect(compileAllowlist(outer)(address)).toBe(true);
    });
  });
});
