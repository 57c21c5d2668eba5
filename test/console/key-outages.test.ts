import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Key } from "../../src/api-types/keys.ts";
import { fieldsOf, formOf, newForm } from "../../src/console/key-form/values.ts";
import { consoleClient, csrfOf, signIn } from "../support/console-client.ts";
import type { Outage } from "../support/faults.ts";

import { usePortcullis } from "../support/started.ts";

/** What people are told when a change of a key cannot be confirmed: what is known, and what to do. */

const KEYS = "/-/console/keys";
let csrf: string;
const portcullis = await usePortcullis({ faults: { kv: "FlakyKv", guard: "FlakyGuard" } });
const client = consoleClient(portcullis.edges[0] ?? "");
beforeAll(async () => {
  await signIn(client, portcullis.issuer);
  csrf = await csrfOf(await client.get(KEYS));
});

async function setOutage(outage: Outage | null): Promise<void> {
  const faults = await portcullis.miniflare.getWorker("faults");
  const init = outage === null ? { method: "DELETE" } : { method: "PUT", body: outage };
  await faults.fetch("http://faults/org_test", init);
}

async function send(path: string, form: Readonly<Record<string, string>>): Promise<[number, string]> {
  const answer = await client.post(KEYS + path, { csrf, ...form });
  return [answer.status, await answer.text()];
}

async function read(id: string): Promise<Key> {
  return (await portcullis.manage("GET", `/-/api-keys/${id}`)).json<Key>();
}

const NEW = {
  ...Object.fromEntries(fieldsOf({ ...newForm("", "*", "vault"), name: "Once", vaultChoice: "all" })),
  do: "save",
};

describe("while the guard cannot be reached", () => {
  let key: Key;
  beforeEach(async () => {
    await setOutage(null);
    key = await read((await portcullis.createKey({ name: "Ledger" })).id);
    await setOutage("guard unreachable");
  });

  test("no key is made, which is said with the form, and the same form makes one once it can be", async () => {
    const form = { ...NEW, attempt: crypto.randomUUID() };
    const [status, page] = await send("/new", form);
    expect([status, page]).toEqual([503, expect.stringContaining("No key was created")]);
    expect(page).toContain(`value="${form.attempt}"`);
    expect(page).toContain('value="Once"');
    await setOutage(null);
    expect(await send("/new", form)).toEqual([200, expect.stringContaining("Store the key now")]);
  });

  test("a change is told to be saved and not yet to be confirmed; saved again it is", async () => {
    const form = {
      ...Object.fromEntries(fieldsOf({ ...formOf(key), addresses: "192.0.2.1" })),
      version: `${key.version}`,
      do: "save",
    };
    const [status, page] = await send(`/${key.id}/edit`, form);
    expect([status, page]).toEqual([503, expect.stringContaining("not confirmed everywhere yet")]);
    const now = await read(key.id);
    expect(now.allowedIps).toEqual(["192.0.2.1"]);
    expect(page).toContain(`name="version" value="${now.version}"`);
    await setOutage(null);
    const again = await client.post(`${KEYS}/${key.id}/edit`, { csrf, ...form, version: `${now.version}` });
    expect([again.status, again.headers.get("Location")]).toEqual([303, `${KEYS}/${key.id}?done=saved`]);
  });

  test("so is a key that is disabled", async () => {
    const [status, page] = await send(`/${key.id}/disable`, { version: `${key.version}` });
    expect([status, page]).toEqual([503, expect.stringContaining("not confirmed everywhere yet")]);
    expect(await read(key.id)).toMatchObject({ disabled: true });
  });

  test("a key is not rotated", async () => {
    expect(await send(`/${key.id}/rotate`, { overlap: "24h" })).toEqual([
      503,
      expect.stringContaining("The key was not rotated"),
    ]);
  });

  test("a revocation is told to be final and not yet to be confirmed; repeated, it has its receipt", async () => {
    const [status, page] = await send(`/${key.id}/revoke`, { name: "Ledger" });
    expect([status, page]).toEqual([503, expect.stringContaining("recorded and final")]);
    expect(await read(key.id)).toMatchObject({ status: "revoked" });
    await setOutage(null);
    expect(await send(`/${key.id}/revoke`, { name: "Ledger" })).toEqual([
      200,
      expect.stringContaining("The key is dead everywhere"),
    ]);
  });
});

test("in an organisation that is not set up it is said who does that", async () => {
  const own = consoleClient(portcullis.edges[0] ?? "");
  await signIn(own, portcullis.issuer, { access: { org_id: "org_fresh" } });
  const form = { ...NEW, csrf: await csrfOf(await own.get(KEYS)), attempt: "a" };
  const answer = await own.post(`${KEYS}/new`, form);
  expect([answer.status, await answer.text()]).toEqual([
    409,
    expect.stringContaining("The organisation has not been set up"),
  ]);
});

test.each(["new", "key_1/edit", "key_1/disable", "key_1/enable", "key_1/rotate", "key_1/revoke"])(
  "a form for %s that another session made does nothing",
  async (path) => {
    const answer = await client.post(`${KEYS}/${path}`, { ...NEW, csrf: "not the session's" });
    expect([answer.status, await answer.text()]).toEqual([403, expect.stringContaining("out of date")]);
  },
);

test("a form that needs a second factor leads to one, and is kept meanwhile", async () => {
  const own = consoleClient(portcullis.edges[0] ?? "");
  await signIn(own, portcullis.issuer, { access: { amr: ["pwd"] } });
  const form = { ...NEW, csrf: await csrfOf(await own.get(KEYS)), attempt: "b" };
  const answer = await own.post(`${KEYS}/new?owner=`, form);
  const page = await answer.text();
  expect([answer.status, page]).toEqual([401, expect.stringContaining("Confirm that it is you")]);
  expect(page).toContain("data-keep-forms");
});
