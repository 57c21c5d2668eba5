import { describe, expect, test } from "vitest";
import { readCommand } from "../../src/cli/arguments.ts";

const read = (url: string, token = "t0ken") =>
  readCommand(["list", "--url", url], { PORTCULLIS_TOKEN: token });

describe("the gateway's URL", () => {
  test.each(["https://gateway.acme.dev", "https://gateway.acme.dev/", "http://127.0.0.1:8787//"])(
    "may be %s",
    (url) => expect(read(url)).toMatchObject({ url: new URL(url).origin }),
  );

  test.each([
    ["https://me:pw@gateway.acme.dev", /user name or password/],
    ["https://me@gateway.acme.dev", /user name or password/],
    ["https://gateway.acme.dev/?a=1", /origin alone/],
    ["https://gateway.acme.dev?", /origin alone/],
    ["https://gateway.acme.dev/#top", /origin alone/],
    ["https://gateway.acme.dev/v1", /origin alone/],
    ["gateway.acme.dev", /http or https/],
    ["ftp://gateway.acme.dev", /http or https/],
  ])("cannot be %s", (url, says) => expect(() => read(url)).toThrow(says));
});

test.each(["a\nb", "a\r\n", "a b", "a\u0000", "ä"])("a token cannot be %j", (token) => {
  expect(() => read("https://gateway.acme.dev", token)).toThrow(/one word/);
});
