import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readCommand } from "../../src/cli/arguments.ts";
import { readTargets } from "../../src/cli/targets.ts";

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

test("a line of a file is the id of a key, or else a key, however it begins", async () => {
  const directory = await mkdtemp(join(tmpdir(), "portcullis-targets-"));
  const file = join(directory, "leaked");
  const [id, ...keys] = ["key_3fA9xKq20LmZ", "key_live_51HabcdefghijkLMN", "key_3fA9xKq20LmZ9", "sk_live_1"];
  await writeFile(file, [id, ...keys].join("\n"));
  const command = readCommand(["revoke", "--file", file], { PORTCULLIS_TOKEN: "t0ken" });
  if (command.name !== "revoke") throw new Error(command.name);
  const targets = await readTargets(command);
  await rm(directory, { recursive: true });
  expect(targets.map(({ json }) => json)).toEqual([{ keyId: id }, ...keys.map((key) => ({ key }))]);
  expect(targets.map(({ label }) => label)).toEqual([id, "line 2", "line 3", "line 4"]);
});
