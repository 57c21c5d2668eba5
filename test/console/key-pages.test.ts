import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Key } from "../../src/api-types/keys.ts";
import { fieldsOf, formOf, newForm } from "../../src/console/key-form/values.ts";
import { confirmationOf } from "../../src/console/parts/confirmation.ts";
import { consoleClient, csrfOf, signIn, type ConsoleClient } from "../support/console-client.ts";
import { freshAddress, startPortcullis, type Portcullis } from "../support/portcullis.ts";

/** Pages about one key, as the console draws them. */

const KEYS = "/-/console/keys";

let portcullis: Portcullis;
let client: ConsoleClient;
let csrf: string;
beforeAll(async () => {
  portcullis = await startPortcullis({ vars: { MAX_KEYS_PER_OWNER: "1000" } });
  client = consoleClient(portcullis.edges[0] ?? "");
  await signIn(client, portcullis.issuer);
  csrf = await csrfOf(await client.get(KEYS));
});
afterAll(() => portcullis.stop());

type Form = Readonly<Record<string, string>>;

async function send(path: string, form: Form): Promise<[status: number, page: string]> {
  const answer = await client.post(KEYS + path, { csrf, ...form });
  return [answer.status, textOf(await answer.text())];
}

/** A page with its characters as people see them. */
function textOf(html: string): string {
  return html
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}

async function create(changes: Readonly<Record<string, unknown>> = {}): Promise<Key> {
  const { id } = await portcullis.createKey(changes);
  return read(id);
}

async function read(id: string): Promise<Key> {
  return (await portcullis.manage("GET", `/-/api-keys/${id}`)).json() as Promise<Key>;
}

describe("revoking asks for the name as people read it", () => {
  test.each([
    ["letter for letter", "Wrong network", "Wrong network"],
    ["with spaces that a page does not show", "Wrong network", "  Wrong   network "],
    ["with a space that does not break", "Wrong network", "Wrong\u00a0network"],
    ["with a letter that has no width", "Ledger", "Led\u200bger\ufeff"],
    ["in parts", "Café", "Cafe\u0301"],
    ["in other letters' case", "Büro İstanbul", "BÜRO İSTANBUL"],
    ["in full-width letters", "Ledger 1", "Ｌｅｄｇｅｒ　１"],
  ])("%s", async (_, name, typed) => {
    const key = await create({ name });
    const [status, page] = await send(`/${key.id}/revoke`, { name: typed });
    expect([status, page]).toEqual([200, expect.stringContaining("dead everywhere")]);
    expect(await read(key.id)).toMatchObject({ status: "revoked" });
  });

  test.each(["", "Wrong", "Wrong networks", "Wrongnetwork", "revoke"])("and not for %j", async (typed) => {
    const key = await create({ name: "Wrong network" });
    const [status, page] = await send(`/${key.id}/revoke`, { name: typed });
    expect([status, page]).toEqual([422, expect.stringContaining("This is not “Wrong network”.")]);
    expect(await read(key.id)).toMatchObject({ status: "active" });
  });

  test("or for a word where there is nothing in the name that can be typed", () => {
    expect(confirmationOf("\u200b\u2060")).toBe("revoke");
    expect(confirmationOf("Ledger")).toBe("Ledger");
  });
});

/** The links of a page that lead to a field, with what is said of it. */
function complaintsIn(page: string): [field: string, problem: string][] {
  return [...page.matchAll(/<li><a href="#(\w+)">[^<]*<\/a>: ([^<]*)<\/li>/g)].map(
    ([, field = "", problem = ""]) => [field, problem],
  );
}

describe("a form that is not taken tells everything that is wrong, at once", () => {
  const wrong: Form = {
    ...Object.fromEntries(fieldsOf({ ...newForm("", "*", "vault"), vaultChoice: "some" })),
    name: "",
    vaultIds: "a/b vault_1",
    addresses: "10.0.0.1/8 nowhere",
    expiry: "on",
    expiresOn: "2001-01-01",
    rateRequests: "many",
    do: "save",
  };

  test("of a new key", async () => {
    const [status, page] = await send("/new", { ...wrong, attempt: crypto.randomUUID() });
    expect(status).toBe(400);
    expect(complaintsIn(page).map(([field]) => field)).toEqual([
      "name",
      "vaults",
      "allowedIps",
      "expiry",
      "rateLimit",
    ]);
    expect(page).toContain("Not the id of a vault: a/b");
    expect(page).toMatch(/did you mean 10\.0\.0\.0\/8\?.*nowhere/);
    for (const id of ["name", "vaults", "allowedIps", "expiry", "rateLimit"])
      expect(page).toContain(`id="${id}"`);
  });

  test("of an edit", async () => {
    const key = await create();
    const form = { ...Object.fromEntries(fieldsOf(formOf(key))), version: "1", do: "review" };
    const [status, page] = await send(`/${key.id}/edit`, {
      ...form,
      name: "x".repeat(101),
      addresses: "nowhere",
    });
    expect(status).toBe(422);
    expect(complaintsIn(page).map(([field]) => field)).toEqual(["name", "allowedIps"]);
  });

  test.each([
    [
      "service user",
      "/-/console/service-users/new",
      { name: "", description: "x".repeat(501), vaultRoles: "a/b" },
      ["name", "description", "vaultRoles"],
    ],
    [
      "webhook",
      "/-/console/organization/webhook",
      { url: "nowhere", description: "x".repeat(501) },
      ["url", "description"],
    ],
  ])("of a %s", async (_, path, form, fields) => {
    const page = textOf(await (await client.post(path, { csrf, ...form })).text());
    expect(complaintsIn(page).map(([field]) => field)).toEqual(fields);
    for (const field of fields) expect(page).toContain(`id="${field}"`);
  });
});

test("a vault that cannot be is told while it is filled in, and what is still empty is not", async () => {
  const form = { ...Object.fromEntries(fieldsOf(newForm("", "*", "vault"))), vaultIds: "a/b", do: "check" };
  const [status, page] = await send("/new", form);
  expect(status).toBe(200);
  expect(page).toMatch(/id="vaults-problem"[^>]*>Not the id of a vault: a\/b</);
  expect(page).toMatch(/id="name-problem"[^>]*><\/small>/);
});

test("a key that reaches nothing says so on its page and in the list", async () => {
  const key = await create({ name: "Idle", scopes: ["vault:write"] });
  for (const path of [KEYS, `${KEYS}/${key.id}`]) {
    expect(textOf(await (await client.get(path)).text())).toContain("Reaches nothing");
  }
  await portcullis.manage("DELETE", `/-/api-keys/${key.id}`);
  expect(textOf(await (await client.get(`${KEYS}/${key.id}`)).text())).not.toContain("Reaches nothing");
});

describe("a key's page", () => {
  async function pageOf(key: Pick<Key, "id">, more = ""): Promise<string> {
    return textOf(await (await client.get(`${KEYS}/${key.id}${more}`)).text());
  }

  test("tells what was called most, from where, and why requests were refused, each with its request id", async () => {
    const made = await portcullis.createKey({ name: "Busy", scopes: ["vault/#/balance:read"] });
    const from = freshAddress();
    for (let i = 0; i < 3; i++)
      await portcullis.call("GET", "/v1/vaults/vault_1/balances", { as: made.key, from });
    const refused = await portcullis.call("GET", "/v1/vaults/vault_1/addresses", { as: made.key, from });
    expect(refused.status).toBe(404);
    await expect.poll(() => pageOf(made), { timeout: 10_000 }).toContain("Last refusals");
    const page = await pageOf(made);
    expect(page).toMatch(/Operations most used.*GET \/v1\/vaults\/\{vaultId\}\/balances/s);
    expect(page).toMatch(new RegExp(`Addresses most used.*${from.replaceAll(".", "\\.")}`, "s"));
    expect(page).toContain(refused.headers.get("X-Request-Id"));
    expect(page).toContain('href="/-/errors/not_found"');
    expect(page).toMatch(/Last refused<\/dt><dd><time/);
  });

  test("of one that was rotated leads to the new one, and the new one's back", async () => {
    const old = await create({ name: "Turned", expiresIn: "90d" });
    const answer = await portcullis.manage("POST", `/-/api-keys/${old.id}/rotate`, { overlap: "1h" });
    const next = (await answer.json()) as Key;
    expect(await pageOf(old)).toMatch(new RegExp(`Replaced by</dt><dd><a href="[^"]*${next.id}"`));
    expect(await pageOf(next)).toMatch(new RegExp(`Replaces</dt><dd><a href="[^"]*${old.id}"`));
  });

  test("keeps the receipt of a revocation, to be downloaded", async () => {
    const key = await create({ name: "Ended" });
    expect((await client.get(`${KEYS}/${key.id}/receipt.json`)).status).toBe(404);
    const { effectiveAt, version } = (await (
      await portcullis.manage("DELETE", `/-/api-keys/${key.id}`)
    ).json()) as { effectiveAt: string; version: number };
    const shown = effectiveAt.replace("T", " ").replace("Z", " UTC");
    for (const more of ["", "/receipt"]) expect(await pageOf(key, more)).toContain(shown);
    const file = await client.get(`${KEYS}/${key.id}/receipt.json`);
    expect(file.headers.get("Content-Disposition")).toBe(`attachment; filename="receipt-${key.id}.json"`);
    expect(await file.json()).toMatchObject({ keyId: key.id, name: "Ended", effectiveAt, version });
  });

  test("of a service user's key belongs to all keys, and so do its forms", async () => {
    const user = await portcullis.manage("POST", "/-/service-users", {
      name: "Nightly",
      vaultRoles: { vault_1: ["developer"] },
    });
    const { id: ownerId } = (await user.json()) as { id: string };
    const key = await create({ ownerId, vaults: ["vault_1"] });
    for (const more of ["", "/edit", "/rotate", "/disable", "/revoke"]) {
      const current = /href="([^"]+)" aria-current="page"/.exec(await pageOf(key, more))?.[1];
      expect([more, current]).toEqual([more, "/-/console/all-keys"]);
    }
  });
});

test("the end of a rotated key that is told with its new one is the earlier of both ends", async () => {
  const key = await create({ name: "Soon over", expiresIn: "2h" });
  const [status, page] = await send(`/${key.id}/rotate`, { overlap: "24h" });
  expect(status).toBe(200);
  expect(page).toMatch(/works until.*\(in (2 hours|1 hour|119 minutes|120 minutes)\)/s);
});
