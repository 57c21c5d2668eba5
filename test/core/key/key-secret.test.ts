import { describe, expect, test } from "vitest";
import {
  generateKey,
  hashKey,
  hidesSecret,
  drawGroup,
  holdsKey,
  idOfHash,
  prefixOf,
  readHash,
  readKeyId,
  sameHash,
  withoutSecrets,
} from "../../../src/core/key/key-secret.ts";

describe("a generated key", () => {
  test("is prefix, id of 12, secret of 32 and checksum of 6", () => {
    const { key, id, keyPrefix } = generateKey("fkc");
    expect(key).toMatch(/^fkc_[0-9A-Za-z]{50}$/);
    expect(id).toBe(`key_${key.slice(4, 16)}`);
    expect(keyPrefix).toBe(key.slice(0, 16));
    expect(readKeyId(key, ["fkc"])).toBe(id);
  });

  test("is kept as the SHA-256 of the whole string alone", async () => {
    const { key, hash } = generateKey("fkc");
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
    expect(hash).toBe(digest.toHex());
    expect(sameHash(hashKey(key), digest)).toBe(true);
  });

  test("is known by every byte of its hash", () => {
    const digest = hashKey(generateKey("fkc").key);
    for (let i = 0; i < digest.length; i++) {
      const other = digest.map((byte, at) => (at === i ? byte ^ 1 : byte));
      expect(sameHash(digest, other), `byte ${i}`).toBe(false);
    }
    expect(sameHash(digest, digest.slice())).toBe(true);
  });

  test("is of its group, whose name is 5 letters", () => {
    expect(drawGroup()).toMatch(/^[0-9A-Za-z]{5}$/);
    expect(generateKey("fkc", "Group").id).toMatch(/^key_Group[0-9A-Za-z]{7}$/);
  });

  test("uses every letter about equally often", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 2000; i++) {
      for (const letter of generateKey("k").key.slice(2, 46))
        counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect(counts.size).toBe(62);
    // 88,000 letters over 62: with `byte % 62` the first eight letters would come 5 times for the others' 4.
    const expected = (2000 * 44) / 62;
    const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(150);
  });
});

describe("a key is refused without a look-up when", () => {
  const { key } = generateKey("fkc");
  const cases: [string, string][] = [
    ["a letter is missing", key.slice(0, -1)],
    ["a letter is added", `${key}a`],
    ["its checksum is another key's", key.slice(0, -6) + generateKey("fkc").key.slice(-6)],
    ["the prefix is another", `abc${key.slice(3)}`],
    ["the prefix is longer", `fkcx${key.slice(3)}`],
    ["it holds a character outside 0-9A-Za-z", `${key.slice(0, 10)}-${key.slice(11)}`],
    ["it is a key of another prefix", generateKey("other").key],
    ["it is empty", ""],
    ["it is only the prefix", "fkc_"],
  ];
  test.each(cases)("%s", (_, text) => {
    expect(readKeyId(text, ["fkc"])).toBeNull();
  });

  test("any one letter is changed", () => {
    for (let i = 4; i < key.length; i++) {
      const other = key[i] === "a" ? "b" : "a";
      expect(readKeyId(key.slice(0, i) + other + key.slice(i + 1), ["fkc"])).toBeNull();
    }
  });
});

test.each([
  ["fkc_a", "fkc"],
  ["fkc", null],
  ["fkcxa", null],
  ["abc_a", null],
  ["fk_ca", null],
])("the prefix of %s is %s", (text, prefix) => {
  expect(prefixOf(text, ["old", "fkc"])).toBe(prefix);
});

test("the checksum is the CRC-32 of everything before it, in base62 with 0-9A-Za-z, zero-padded", () => {
  // CRC-32 computed bit by bit here, from the polynomial alone (ISO 3309, reflected 0xEDB88320).
  const { key } = generateKey("fkc");
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(key.slice(0, -6))) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  let value = (crc ^ 0xffffffff) >>> 0;
  let text = "";
  for (let i = 0; i < 6; i++) {
    text = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".charAt(value % 62) + text;
    value = Math.floor(value / 62);
  }
  expect(key.slice(-6)).toBe(text);
});

describe("a text holds a whole key", () => {
  const { key, keyPrefix } = generateKey("fkc");
  test.each([
    ["alone", key, true],
    ["in its midst", `at x${key}y`, true],
    ["after something like one", `fkc_${key}`, true],
    ["but not its public part", keyPrefix, false],
    ["but not one mistyped", `${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}`, false],
  ])("%s", (_, text, holds) => {
    expect(holdsKey(text, ["fkc"])).toBe(holds);
    expect(holdsKey(text, ["old", "fkc"])).toBe(holds);
  });
});

describe("a text is shown without its secrets", () => {
  const { key, keyPrefix } = generateKey("fkc");
  const jwt = `eyJ${"a".repeat(20)}.${"b".repeat(20)}.${"c".repeat(20)}`;
  test.each([
    ["a key", key, `${keyPrefix}…`],
    ["a key in the midst of letters", `xx${key}yy`, `xx${keyPrefix}…yy`],
    ["a key after underscores", `a_b_${key}`, `a_b_${keyPrefix}…`],
    ["two keys in a row", `${key}${key}`, `${keyPrefix}…${keyPrefix}…`],
    ["a JWT", jwt, "eyJ…"],
    ["a JWT in the midst of letters", `x-${jwt}, y`, "x-eyJ…, y"],
    ["a JWT after other parts", `www.${jwt}.org`, "www.eyJ….org"],
    ["two JWTs in a row", `${jwt}.${jwt}`, "eyJ….eyJ…"],
    ["a JWT whose header is the second of two", `eyJ.${jwt}`, "eyJ.eyJ…"],
    ["a JWT and a key", `${jwt} ${key}`, `eyJ… ${keyPrefix}…`],
    ["no JWT, but its beginning", "eyJabc.eyJabc.x", "eyJabc.eyJabc.x"],
    ["a JWT of the shortest parts", "eyJaaaaaaaa.bbbbbbbb.c", "eyJ…"],
    ["a header that is shorter", "eyJaaaaaaa.bbbbbbbb.c", "eyJaaaaaaa.bbbbbbbb.c"],
    ["a payload that is shorter", "eyJaaaaaaaa.bbbbbbb.c", "eyJaaaaaaaa.bbbbbbb.c"],
    ["two parts alone", "eyJaaaaaaaaaaa.bbbbbbbbbbb.", "eyJaaaaaaaaaaa.bbbbbbbbbbb."],
    ["two parts without a dot after them", "eyJaaaaaaaaaaa.bbbbbbbbbbb", "eyJaaaaaaaaaaa.bbbbbbbbbbb"],
    ["other parts beside its beginning", "eyJ, abcdefghijkl.bbbbbbbb.c", "eyJ, abcdefghijkl.bbbbbbbb.c"],
    ["its beginning at the end of a part", "aaaaaaaaeyJ.bbbbbbbb.c", "aaaaaaaaeyJ.bbbbbbbb.c"],
  ])("%s", (_, text, shown) => expect(withoutSecrets(text)).toBe(shown));

  test("which it may hide by escapes and by what is between the letters", () => {
    const escaped = key
      .split("")
      .map((letter) => `%${letter.charCodeAt(0).toString(16)}`)
      .join("");
    for (const hidden of [escaped, escaped.replaceAll("%", "%25"), key.split("").join(" ")]) {
      expect(hidesSecret(hidden)).toBe(true);
    }
    for (const plain of [
      "Nothing to see 100 % of the time",
      "x_ a b c d e f g h i",
      "x_%20a%20b%20c%20d%20e%20f%20g%20h%20i",
    ])
      expect(hidesSecret(plain)).toBe(false);
  });
});

test.each([
  [15, false],
  [16, true],
])("who has encoded a text %i times hides something: %s", (times, hides) => {
  let text = "a";
  for (let i = 0; i < times; i++) text = i === 0 ? "%61" : text.replaceAll("%", "%25");
  expect(hidesSecret(text)).toBe(hides);
});

test("the id of an imported key is base62, the last letter first", () => {
  expect(idOfHash(Uint8Array.from({ length: 32 }, (_, i) => (i === 15 ? 63 : 0)))).toBe("key_110000000000");
});

test("the id of an imported key is that of the first 128 bits of its hash", () => {
  const hash = hashKey("sk_live_0123456789");
  const changed = (at: number) => hash.map((byte, i) => (i === at ? byte ^ 1 : byte));
  expect(idOfHash(hash)).toMatch(/^key_[0-9A-Za-z]{12}$/);
  expect(idOfHash(changed(16))).toBe(idOfHash(hash));
  for (const at of [0, 7, 15]) expect(idOfHash(changed(at))).not.toBe(idOfHash(hash));
});

test("a hash is read back as it was stored", () => {
  const { key, hash } = generateKey("fkc");
  expect(readHash(hash)).toEqual(new Uint8Array(hashKey(key)));
});
