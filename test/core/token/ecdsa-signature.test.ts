import { describe, expect, test } from "vitest";
import { p1363FromDer } from "../../../src/core/token/ecdsa-signature.ts";

const LONG = `00${"f1".repeat(32)}`;
const PLAIN = "71".repeat(32);
const INTEGER = `0220${PLAIN}`;
const OTHER_TYPE = `0320${PLAIN}`;

/** The DER of two integers given as hex. */
function der(r: string, s: string, after = ""): Buffer {
  const integer = (hex: string): string => `02${byte(hex.length / 2)}${hex}`;
  const body = integer(r) + integer(s);
  return Buffer.from(`30${byte(body.length / 2)}${body}${after}`, "hex");
}

function byte(n: number): string {
  return n.toString(16).padStart(2, "0");
}

describe("a DER signature", () => {
  test.each([
    ["of 32 bytes each", PLAIN, PLAIN, PLAIN + PLAIN],
    ["with a sign byte", LONG, PLAIN, "f1".repeat(32) + PLAIN],
    ["with a 31-byte integer", PLAIN, "5e".repeat(31), `${PLAIN}00${"5e".repeat(31)}`],
    [
      "with a 31-byte integer that has a sign byte",
      `00${"f1".repeat(31)}`,
      LONG,
      `00${"f1".repeat(31)}${"f1".repeat(32)}`,
    ],
    [
      "with a sign byte before the smallest that needs it",
      `0080${"11".repeat(31)}`,
      PLAIN,
      `80${"11".repeat(31)}${PLAIN}`,
    ],
    ["of the smallest numbers", "01", "02", `${"00".repeat(31)}01${"00".repeat(31)}02`],
  ])("%s becomes 64 bytes", (_, r, s, expected) => {
    expect(Buffer.from(p1363FromDer(der(r, s)) ?? []).toString("hex")).toBe(expected);
  });

  test("as GitHub's documentation shows it is read", () => {
    const sample =
      "MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==";
    const signature = p1363FromDer(Buffer.from(sample, "base64"));
    expect(signature?.length).toBe(64);
    expect(
      Buffer.from(signature ?? [])
        .subarray(32, 34)
        .toString("hex"),
    ).toBe("005e");
  });

  test.each<[string, Buffer]>([
    ["nothing", Buffer.alloc(0)],
    ["another type", Buffer.concat([Buffer.from([0x31]), der(PLAIN, PLAIN).subarray(1)])],
    ["bytes after it", der(PLAIN, PLAIN, "00")],
    ["bytes missing", der(PLAIN, PLAIN).subarray(0, -1)],
    ["a third integer", Buffer.from(`3066${INTEGER.repeat(3)}`, "hex")],
    ["one integer", Buffer.from(`3022${INTEGER}`, "hex")],
    ["an integer of another type", Buffer.from(`3044${OTHER_TYPE.repeat(2)}`, "hex")],
    ["an empty integer", der("", PLAIN)],
    ["zero", der("00", PLAIN)],
    ["a negative number", der("f1".repeat(32), PLAIN)],
    ["the least negative first byte", der(`80${"11".repeat(31)}`, PLAIN)],
    ["a needless zero byte", der(`00${PLAIN}`, PLAIN)],
    ["a number that is too large", der("71".repeat(33), PLAIN)],
    [
      "a length of several bytes",
      Buffer.concat([Buffer.from("308144", "hex"), der(PLAIN, PLAIN).subarray(2)]),
    ],
    ["an integer that is longer than the rest", Buffer.from(`3024${INTEGER}0220`, "hex")],
  ])("with %s is none", (_, bytes) => {
    expect(p1363FromDer(bytes)).toBeNull();
  });
});
