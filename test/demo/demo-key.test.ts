import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { generateKey } from "../../src/core/key/key-secret.ts";
import { provideDemoKey } from "../../src/demo/demo-key.ts";

const directory = mkdtempSync(join(tmpdir(), "portcullis-demo-key-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** A control API whose keys begin with a prefix, and are all as they were made. */
function control(prefix: string) {
  return async (method: string, path: string) => {
    if (method === "POST" && path === "/-/api-keys") {
      const { id, key } = generateKey(prefix);
      return { status: 201, body: { id, key } };
    }
    const scopes = [{ action: "read", resource: "vault" }];
    return { status: 200, body: { status: "active", scopes, vaults: "*", allowedIps: [] } };
  };
}

test("the demo key is kept as long as its prefix is accepted, and made anew once it is not", async () => {
  const file = join(directory, "demo-key.json");
  const provide = (prefix: string, ...accepted: string[]) =>
    provideDemoKey(control(prefix), ["vault:read"], file, [prefix, ...accepted]);
  const first = await provide("fkc");
  expect(await provide("fkc")).toEqual(first);
  expect(await provide("acme", "fkc"), "a former prefix").toEqual(first);
  const next = await provide("acme");
  expect(next.key).toMatch(/^acme_/);
  expect(await provide("acme")).toEqual(next);
});
