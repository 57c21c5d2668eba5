import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Key } from "../../src/api-types/keys.ts";
import type { OrganizationUsage, Usage } from "../../src/api-types/usage.ts";
import { fieldsOf, formOf, lifetimeName, lifetimeOf, newForm } from "../../src/console/key-form/values.ts";
import { baseOf } from "../../src/console/key-form/merge.ts";
import { SERIES } from "../../src/console/parts/usage-chart.tsx";
import { confirmationOf } from "../../src/console/parts/confirmation.ts";
import { consoleClient, csrfOf, signIn, type ConsoleClient } from "../support/console-client.ts";
import { importKeys, importLine } from "../support/imports.ts";
import { adminClaims } from "../support/issuer.ts";
import { freshAddress, startPortcullis, type Portcullis } from "../support/portcullis.ts";
import { readJson } from "../support/json.ts";

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
  return (await portcullis.manage("GET", `/-/api-keys/${id}`)).json<Key>();
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

test("all keys of a person are told and have their receipts, however many there are", async () => {
  const who = "somebody-with-many-keys";
  const Authorization = `Bearer ${await portcullis.issuer.token(adminClaims({ sub: who }))}`;
  await fetch(`${portcullis.edges[0]}/-/me`, { headers: { Authorization } });
  const lines = Array.from({ length: 101 }, (_, i) =>
    importLine(`from-before-${i}-0123456789`, { ownerId: who, name: `Before ${i}` }),
  );
  await importKeys(portcullis, lines);
  const path = `/-/console/people/${who}/revoke-keys`;
  const asked = textOf(await (await client.get(path)).text());
  expect(asked).toContain("101 keys are revoked for good");
  expect(asked).toContain("They let no call through in the last 24 hours.");
  const sent = await client.post(path, { csrf, reason: "Gone" });
  const names = new Set<string>();
  const downloads: number[] = [];
  for (let at = sent.headers.get("Location"); at !== null;) {
    const page = textOf(await (await client.get(at)).text());
    expect(page).toContain("101 keys revoked");
    for (const name of page.match(/>Before \d+</g) ?? []) names.add(name);
    const [, file = ""] = /href="([^"]+receipts\.json[^"]+)"/.exec(page) ?? [];
    downloads.push((await (await client.get(file)).json<object[]>()).length);
    at = /href="([^"]+)" rel="next"|rel="next" href="([^"]+)"/.exec(page)?.slice(1).find(Boolean) ?? null;
  }
  expect(names.size).toBe(101);
  expect(downloads).toEqual([100, 1]);
  // Nobody is offered what there is nothing to do for.
  expect(textOf(await (await client.get(path)).text())).toContain("There is no key to revoke");
});

describe("several keys at once", () => {
  const SELECTED = "/-/console/selected-keys";
  const asked = (act: string, ...ids: string[]) =>
    `${SELECTED}?${new URLSearchParams([["act", act], ...ids.map((id) => ["id", id])]).toString()}`;
  const at = async (path: string) => textOf(await (await client.get(path)).text());

  test("are asked for again with the reason that was too long", async () => {
    const { id } = await create({ name: "Kept" });
    const reason = "x".repeat(501);
    const answer = await client.post(asked("revoke", id), { csrf, reason });
    const page = textOf(await answer.text());
    expect([answer.status, complaintsIn(page)]).toEqual([
      422,
      [["reason", "Must have at most 500 characters"]],
    ]);
    expect(page).toContain(`value="${reason}"`);
    expect(await read(id)).toMatchObject({ status: "active" });
  });

  test("have their receipts, and what was refused, where one can come back to", async () => {
    const [one, two] = [await create({ name: "First of two" }), await create({ name: "Second of two" })];
    const sent = await client.post(asked("revoke", one.id, two.id, "key_000000000000"), {
      csrf,
      reason: "Old",
    });
    const location = sent.headers.get("Location") ?? "";
    for (let i = 0; i < 2; i++) {
      const page = await at(location);
      for (const text of ["2 keys revoked", "First of two", "Second of two", "1 key not revoked"])
        expect(page).toContain(text);
      expect(page).toMatch(/key_000000000000<\/a>: \w/);
    }
    expect(await at(`${SELECTED}/done?act=revoke&ids=&refused=`)).toContain("No key was selected");
  });

  test("are told of as they are: one that was enabled again is not disabled", async () => {
    const { id } = await create({ name: "On and off" });
    const location = (await client.post(asked("disable", id), { csrf })).headers.get("Location") ?? "";
    expect(await at(location)).toContain("It is disabled and refused everywhere.");
    await portcullis.manage("PATCH", `/-/api-keys/${id}`, { disabled: false });
    expect(await at(location)).toMatch(/1 key not disabled.*It is not disabled any more/s);
  });
});

describe("a page says", () => {
  const at = async (path: string) => textOf(await (await client.get(`/-/console${path}`)).text());

  test("where a list begins, when the link to a page of it is stale", async () => {
    const answer = await client.get("/-/console/keys?sort=name&cursor=stale&trail=x");
    const page = textOf(await answer.text());
    expect([answer.status, page]).toEqual([400, expect.stringContaining("no longer there")]);
    expect(page).toContain('href="/-/console/keys?sort=name"');
  });

  test("of an owner without a key just that", async () => {
    const user = { name: "Idle", vaultRoles: { vault_1: ["developer"] } };
    const { id } = (await (await portcullis.manage("POST", "/-/service-users", user)).json()) as Key;
    expect(await at(`/all-keys?owner=${id}`)).toMatch(/No active keys.*Idle has none\./s);
    expect(await at("/all-keys?owner=nobody")).toContain("nobody has none.");
    expect(await at("/all-keys")).toContain("The last use of a key is here within about a minute");
  });

  test("who has revoked a key by name, with the way to them, and an operation as it is called everywhere", async () => {
    const made = await portcullis.createKey({ name: "Named", vaults: ["vault_1"], scopes: ["vault:read"] });
    await portcullis.call("GET", "/v1/vaults/vault_2/balances", { as: made.key });
    await expect.poll(() => at(`/keys/${made.id}`)).toContain("Last refusals");
    const page = await at(`/keys/${made.id}`);
    expect(page).toMatch(/data-label="Operation"><code>GET /);
    expect(page).not.toContain("listBalances");
    await portcullis.manage("DELETE", `/-/api-keys/${made.id}`);
    expect(await at(`/keys/${made.id}`)).toMatch(
      /<dt>By<\/dt><dd><a href="\/-\/console\/people\/alice">Alice</,
    );
  });

  test("no letters that nobody sees, in whatever somebody has written", async () => {
    const { id } = await create({ name: "Marked" });
    const reason = "gone\u202e\u200b for good";
    await client.post(`/-/console/selected-keys?act=revoke&id=${id}`, { csrf, reason });
    for (const path of [`/keys/${id}`, `/keys/${id}/receipt`, `/audit?target=${id}`]) {
      const page = await at(path);
      expect(page).toContain("gone for good");
      expect(page).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b]/);
    }
  });

  test("no key in its address, in whatever letters it was pasted", async () => {
    const { key } = await portcullis.createKey({ name: "Wide" });
    const wide = key.replaceAll(/[!-~]/g, (letter) => String.fromCodePoint(letter.charCodeAt(0) + 0xfee0));
    for (const field of ["q", "actor", "target", "ownerName", "owner", "from"]) {
      const answer = await client.post("/-/console/search", { csrf, at: "audit", [field]: wide });
      const location = decodeURIComponent(answer.headers.get("Location") ?? "").normalize("NFKC");
      expect([field, location.includes(key.slice(20))]).toEqual([field, false]);
    }
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
    await expect.poll(() => pageOf(made)).toContain("Last refusals");
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
    const next = await answer.json<Key>();
    expect(await pageOf(old)).toMatch(new RegExp(`Replaced by</dt><dd><a href="[^"]*${next.id}"`));
    expect(await pageOf(next)).toMatch(new RegExp(`Replaces</dt><dd><a href="[^"]*${old.id}"`));
    // What is chosen as its expiry does not make it work longer than its overlap.
    expect(await pageOf(old, "/edit")).toContain("was rotated: it stops working");
    expect(await pageOf(next, "/edit")).not.toContain("was rotated");
  });

  test("keeps the receipt of a revocation, to be downloaded", async () => {
    const key = await create({ name: "Ended" });
    expect((await client.get(`${KEYS}/${key.id}/receipt.json`)).status).toBe(404);
    const { effectiveAt, version } = await (
      await portcullis.manage("DELETE", `/-/api-keys/${key.id}`)
    ).json<{ effectiveAt: string; version: number }>();
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
    const { id: ownerId } = await user.json<{ id: string }>();
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

/** The fields of a key's form as a browser sends them from its page. */
async function formFor(key: Key, changes: Form = {}): Promise<Form> {
  const base = baseOf(key);
  return {
    ...Object.fromEntries(fieldsOf(formOf(key))),
    version: `${key.version}`,
    base: JSON.stringify(base),
    ...changes,
  };
}

describe("an edit", () => {
  test.each<[string, Form]>([
    ["as it is", {}],
    ["with its name in another spelling", { name: " Led\u200bger " }],
    ["with its addresses in another order and spelling", { addresses: "2001:DB8::1 10.0.0.0/8" }],
  ])("that leaves the key %s says that nothing was changed, and makes no version", async (_, changes) => {
    const key = await create({ name: "Ledger", allowedIps: ["10.0.0.0/8", "2001:db8::1"] });
    const form = await formFor(key, changes);
    const [status, page] = await send(`/${key.id}/edit`, { ...form, do: "review" });
    expect([status, page]).toEqual([200, expect.stringContaining("Nothing was changed")]);
    // Saved again, it only asks whether the change is in force.
    expect(await send(`/${key.id}/edit`, { ...form, do: "save" })).toEqual([303, ""]);
    expect(await read(key.id)).toEqual(key);
  });

  test("that another one overtook keeps what was filled in, and takes what was not touched from the key", async () => {
    const key = await create({ name: "Ours", description: "Old", allowedIps: ["192.0.2.1"] });
    const form = await formFor(key, { description: "Mine", do: "save" });
    const theirs = { name: "Theirs", description: "Other", vaults: ["vault_7"], allowedIps: ["192.0.2.9"] };
    await portcullis.manage("PATCH", `/-/api-keys/${key.id}`, theirs);
    const [status, page] = await send(`/${key.id}/edit`, form);
    expect(status).toBe(412);
    expect(page).toContain('name="name" type="text" value="Theirs"');
    expect(page).toMatch(/<textarea id="description"[^>]*>Mine<\/textarea>/);
    expect(page).toMatch(/<textarea id="addresses"[^>]*>192\.0\.2\.9<\/textarea>/);
    expect(page).toMatch(/type="checkbox" name="vault" value="vault_7" checked/);
    expect(page).toMatch(/Description<\/dt><dd>Other/);
    expect(page).toMatch(/Name<\/dt><dd>Theirs/);
    expect(page).toMatch(/Saving changes description only, and replaces the new description/);
    expect(page).toMatch(/The form has the new name, vaults,? and allowed addresses\./);
  });

  test("that another one's switch overtook says so, who did it, and that it stays so", async () => {
    const key = await create({ name: "Switched off" });
    const form = await formFor(key, { description: "Mine", do: "review" });
    await portcullis.manage("PATCH", `/-/api-keys/${key.id}`, { disabled: true });
    const [status, page] = await send(`/${key.id}/edit`, form);
    expect(status).toBe(412);
    expect(page).toMatch(/Status<\/dt><dd>Disabled/);
    expect(page).toMatch(/Changed by<\/dt><dd>[^<]+, <time/);
    expect(page).toContain("Saving changes description only. The key stays disabled.");
    expect(page).not.toMatch(/Description<\/dt>/);
  });

  test("that another one overtook says who, however many attempts were refused since", async () => {
    const key = await create({ name: "Much tried" });
    const form = await formFor(key, { description: "Mine", do: "review" });
    await portcullis.manage("PATCH", `/-/api-keys/${key.id}`, { name: "Theirs" });
    for (let i = 0; i < 20; i++) {
      const answer = await portcullis.manage("PATCH", `/-/api-keys/${key.id}`, { vaults: [] });
      expect(answer.status).toBe(422);
    }
    const refused = `/-/audit-events?target=${key.id}&outcome=refused`;
    await expect
      .poll(async () => JSON.stringify(await (await portcullis.manage("GET", refused)).json()))
      .toContain("updateApiKey");
    const [status, page] = await send(`/${key.id}/edit`, form);
    expect([status, page]).toEqual([412, expect.stringMatching(/Changed by<\/dt><dd>[^<]+, <time/)]);
  });

  test.each<[string, Form, string]>([
    ["to any address", { addresses: "" }, "It can be used from any address"],
    ["to every address of a family", { addresses: "0.0.0.0/0" }, "It can be used from any address"],
    ["to more addresses", { addresses: "192.0.2.0/24" }, "It can be used from more addresses"],
    ["to every vault", { vaults: "all" }, "It reaches more vaults"],
    ["to a life without end", { expiry: "never" }, "It works for longer"],
    ["to more requests", { rateRequests: "5000" }, "It can be used more often"],
  ])("that opens the key %s is warned of", async (_, changes, said) => {
    const key = await create({ vaults: ["vault_1"], allowedIps: ["192.0.2.1"], expiresIn: "30d" });
    const [status, page] = await send(`/${key.id}/edit`, {
      ...(await formFor(key, changes)),
      do: "review",
      ...(changes["vaults"] === undefined && { vault: "vault_1" }),
    });
    expect([status, page]).toEqual([200, expect.stringContaining(said)]);
    expect(page).toMatch(/banner warn"[^>]*>.*This opens the key further/s);
  });

  test("that narrows opens nothing", async () => {
    const key = await create({ allowedIps: [] });
    const [, page] = await send(`/${key.id}/edit`, {
      ...(await formFor(key, { addresses: "192.0.2.1" })),
      do: "review",
    });
    expect(page).toContain("Review the change");
    expect(page).not.toContain("This opens the key further");
  });
});

describe("a new key", () => {
  async function pageAt(path: string): Promise<string> {
    return textOf(await (await client.get(KEYS + path)).text());
  }
  const checked = (name: string, value: string) =>
    expect.stringMatching(new RegExp(`name="${name}" value="${value}" checked`));

  test("lives as long as keys do here, unless somebody chooses otherwise", async () => {
    expect(await pageAt("/new")).toEqual(checked("expiry", "1y"));
  });

  test("tells how many keys its owner has, before it is filled in", async () => {
    expect(await pageAt("/new")).toMatch(/You have \d+ of 1,000 keys\./);
  });

  test.each<[string, string, RegExp[]]>([
    ["read-all", "all", [/<option value="\*" selected[^>]*>everything/]],
    ["one-vault", "some", [/<option value="vault" selected/]],
    ["one-view", "all", [/<option value="balance" selected/]],
    ["monitoring", "all", [/name="rateRequests"[^>]*value="60"/, /<option value="\*" selected/]],
  ])("can be started from the template %s", async (template, vaults, patterns) => {
    const page = await pageAt(`/new?template=${template}`);
    expect(page).toEqual(checked("vaults", vaults));
    for (const pattern of patterns) expect(page).toMatch(pattern);
    expect(page).toMatch(new RegExp(`template=${template}" aria-current="true"`));
  });

  test("can be started from another key, with all that it has but its end and its name", async () => {
    const key = await create({
      name: "Original",
      scopes: ["vault/#/balance:read"],
      vaults: ["vault_1", "vault_2"],
      allowedIps: ["192.0.2.1"],
      rateLimit: { requests: 7, windowSeconds: 3600 },
      expiresIn: null,
    });
    await portcullis.manage("DELETE", `/-/api-keys/${key.id}`);
    expect(await pageAt(`/${key.id}`)).toContain(`href="${KEYS}/new?from=${key.id}"`);
    const page = await pageAt(`/new?from=${key.id}`);
    expect(page).toContain('value="Copy of Original"');
    expect(page).toEqual(checked("expiry", "1y"));
    for (const part of [/>192\.0\.2\.1</, /rateRequests"[^>]*value="7"/, /<option value="balance" selected/])
      expect(page).toMatch(part);
    expect(await pageAt("/new?from=key_000000000000")).toContain("Not found");
  });

  test("offers the vaults in use, those of unused keys apart, and warns of these and of one that none names", async () => {
    await create({ vaults: ["vault_3f8a2c1d9b"] });
    await portcullis.manage("POST", "/-/service-users", {
      name: "Batch",
      vaultRoles: { vault_of_role: ["developer"] },
    });
    expect(await pageAt("/new")).toMatch(
      /value="vault_of_role"\/?>.*Named only by keys that were never used.*value="vault_3f8a2c1d9b"\/?>/s,
    );
    const fields = Object.fromEntries(fieldsOf(newForm("", "*", "vault")));
    const [, page] = await send("/new", {
      ...fields,
      vaultIds: "vault_3f8a2c1d9B vault_elsewhere vault_of_role",
      do: "check",
    });
    expect(page).toMatch(/vault_3f8a2c1d9B<\/code> yet\..*Did you mean <code>vault_3f8a2c1d9b</s);
    expect(page).toMatch(/vault_elsewhere<\/code> yet\..*Check that it exists/s);
    expect(page).not.toContain("vault_of_role</code> yet");
    expect(page).toContain("3 vaults (2 of them not known here)");
    const [, again] = await send("/new", { ...fields, vault: "vault_3f8a2c1d9b", do: "check" });
    expect(again).toContain("Only keys that were never used name <code>vault_3f8a2c1d9b</code>.");
    expect(again).toMatch(/name="vault" value="vault_3f8a2c1d9b" checked/);
  });

  test("comes with a command, and code in three languages without the key itself", async () => {
    const form = {
      ...Object.fromEntries(fieldsOf(newForm("", "*", "vault"))),
      name: "Used",
      vaultIds: "vault_1",
    };
    const [status, page] = await send("/new", { ...form, attempt: crypto.randomUUID(), do: "save" });
    expect(status).toBe(200);
    const [, key = ""] = /<code id="secret"[^>]*>(\w+)</.exec(page) ?? [];
    const origin = portcullis.edges[0] ?? "";
    expect(page).toContain(`curl -H 'Authorization: Bearer ${key}' '${origin}/v1/vaults'`);
    expect(page.split(key)).toHaveLength(3);
    for (const language of ["JavaScript", "Python", "Go"])
      expect(page).toMatch(new RegExp(`<summary>${language}</summary>.*${origin}/v1/vaults.*API_KEY`, "s"));
  });
});

test.each([
  [365 * 86_400_000, "1y", "A year"],
  [730 * 86_400_000, "2y", "2 years"],
  [45 * 86_400_000, "45d", "45 days"],
  [36 * 3_600_000, "36h", "36 hours"],
  [90_000, "90s", "90 seconds"],
])("a lifetime of %i ms is %s", (ms, lifetime, name) => {
  expect(lifetimeOf(ms)).toBe(lifetime);
  expect(lifetimeName(lifetime)).toBe(name);
});

test("a form whose answer scripts draw is answered 200, so that browsers report no error", async () => {
  const headers = { "Sec-Fetch-Site": "same-origin", "X-Console-In-Place": "1" };
  const form = { ...Object.fromEntries(fieldsOf(newForm("", "*", "vault"))), csrf, do: "save" };
  const answer = await client.post(`${KEYS}/new`, form, headers);
  expect([answer.status, await answer.text()]).toEqual([
    200,
    expect.stringContaining("Nothing was saved yet"),
  ]);
  expect((await client.post(`${KEYS}/new`, form)).status).toBe(422);
});

describe("what a key was used for is the same number on every page", () => {
  const page = async (path: string) => textOf(await (await client.get(`/-/console${path}`)).text());
  /** The sums above a chart, in its order. */
  const totalsOf = (html: string): number[] =>
    SERIES.map(([series]) => said(html, new RegExp(`<div class="${series}"><dt>[^<]+</dt><dd>([\\d,]+)<`)));
  /** A number in a sentence. */
  const said = (html: string, sentence: RegExp): number =>
    Number(sentence.exec(html)?.[1]?.replaceAll(",", ""));
  const usageOf = async (id: string): Promise<Usage["totals"]> =>
    (await (await portcullis.manage("GET", `/-/api-keys/${id}/usage`)).json<Usage>()).totals;
  const usageOfAll = async (): Promise<OrganizationUsage> =>
    (await portcullis.manage("GET", "/-/usage")).json<OrganizationUsage>();

  test("for those of a service user", async () => {
    const user = { name: "Counted", vaultRoles: { vault_1: ["developer"] } };
    const { id: ownerId } = await (await portcullis.manage("POST", "/-/service-users", user)).json<Key>();
    const made = await portcullis.createKey({ name: "Counted", vaults: ["vault_1"], ownerId });
    for (let i = 0; i < 4; i++) await portcullis.call("GET", "/v1/vaults/vault_1/balances", { as: made.key });
    await portcullis.call("GET", "/v1/vaults/vault_2/balances", { as: made.key });
    await expect.poll(() => usageOf(made.id)).toMatchObject({ succeeded: 4, refused: 1 });

    const all = await usageOfAll();
    expect(all.keys.find(({ keyId }) => keyId === made.id)).toMatchObject(await usageOf(made.id));
    const sums = SERIES.map(([series]) => all.totals[series]);
    expect(totalsOf(await page("/usage"))).toEqual(sums);
    expect(totalsOf(await page("/overview"))).toEqual(sums);
    expect(sums).toEqual(SERIES.map(([series]) => all.keys.reduce((sum, key) => sum + key[series], 0)));
    const own = await page(`/keys/${made.id}`);
    expect(totalsOf(own)).toEqual([4, 0, 0, 1, 0]);
    expect(own).toMatch(/24 hours since <time datetime="[^"]+:00:00.000Z"/);
    for (const window of ["1h", "24h", "7d", "30d"]) {
      const told = await page(`/keys/${made.id}?window=${window}`);
      expect(totalsOf(told)).toEqual([4, 0, 0, 1, 0]);
      expect([...told.matchAll(/data-label="Calls">(\d+)</g)].map(([, calls]) => calls)).toEqual(["4", "4"]);
    }

    const through = /let (\d+) calls? through in the last 24 hours/;
    expect(said(await page(`/keys/${made.id}/revoke`), through)).toBe(4);
    expect(said(await page(`/selected-keys?act=revoke&id=${made.id}`), through)).toBe(4);
    expect(said(await page(`/keys/${made.id}/disable`), /(\d+) were let through in the last 24 hours/)).toBe(
      4,
    );
    expect(said(await page(`/service-users/${ownerId}/deactivate`), through)).toBe(4);
    const narrowed = { csrf, name: "Counted", vaultRoles: "", active: "on", do: "review" };
    const review = textOf(
      await (await client.post(`/-/console/service-users/${ownerId}/edit`, narrowed)).text(),
    );
    expect(said(review, /(\d+) were let through in the last 24 hours/)).toBe(4);
  });

  test("and for those of a person", async () => {
    const made = await portcullis.createKey({ name: "A person's" });
    await portcullis.call("GET", "/v1/networks", { as: made.key });
    await expect.poll(() => usageOf(made.id)).toMatchObject({ succeeded: 1 });
    const { owner } = await read(made.id);
    const query = `owner=${owner.id}&status=all&limit=500`;
    const { data } = await (
      await portcullis.manage("GET", `/-/api-keys?${query}`)
    ).json<{
      data: Key[];
    }>();
    const ids = new Set(data.filter(({ status }) => status !== "revoked").map(({ id }) => id));
    const calls = (await usageOfAll()).keys
      .filter(({ keyId }) => ids.has(keyId))
      .reduce((sum, key) => sum + key.succeeded + key.clientErrors + key.originErrors, 0);
    const asked = await page(`/people/${owner.id}/revoke-keys`);
    expect(said(asked, /let ([\d,]+) calls? through in the last 24 hours/)).toBe(calls);
  });
});

describe("the form of a service user", () => {
  const USERS = "/-/console/service-users";
  const post = async (path: string, form: Form): Promise<[location: string | null, page: string]> => {
    const answer = await client.post(path, { csrf, ...form });
    return [answer.headers.get("Location"), textOf(await answer.text())];
  };
  const at = async (path: string) => textOf(await (await client.get(path)).text());

  test("offers the vault ids in use, and warns of one that nothing else names, with one spelled almost so", async () => {
    await create({ vaults: ["vault_77aa01"] });
    expect(await at(`${USERS}/new`)).toContain("<code>vault_77aa01</code>");
    const [location] = await post(`${USERS}/new`, {
      name: "Mistyped",
      vaultRoles: "vault_77aa01 vault_77aa0l",
    });
    const page = await at(location ?? "");
    expect(page).toMatch(
      /No key or role names <code>vault_77aa0l<\/code>.*Did you mean <code>vault_77aa01<\/code>\?/s,
    );
    expect(page).not.toContain("names <code>vault_77aa01<");
    const [again] = await post(`${new URL(location ?? "", "http://x").pathname}/edit`, {
      name: "Mistyped",
      vaultRoles: "vault_77aa01 vault_77aa0l elsewhere_1",
      reviewed: "yes",
    });
    expect(await at(again ?? "")).toContain("<code>elsewhere_1</code> yet. Check that it exists.");
  });

  test("warns before anything is saved, and takes neither * nor __proto__ for an id", async () => {
    await create({ vaults: ["vault_77aa01"] });
    const [none, checked] = await post(`${USERS}/new`, { vaultRoles: "vault_77aa02", do: "check" });
    expect([none, checked]).toEqual([
      null,
      expect.stringMatching(/No key or role names <code>vault_77aa02<.*Did you mean <code>vault_77aa0/s),
    ]);
    for (const vaultRoles of ["vault_77aa01 *", "__proto__"]) {
      const [location, page] = await post(`${USERS}/new`, { name: "Every", vaultRoles });
      expect([location, page]).toEqual([null, expect.stringContaining("Not the id of a vault")]);
      expect(page).toContain(`>${vaultRoles}</textarea>`);
    }
    const body = readJson<object>('{"name":"Every","vaultRoles":{"__proto__":["developer"]}}');
    expect((await portcullis.manage("POST", "/-/service-users", body)).status).toBe(400);
    expect(await at(`${USERS}?q=Every`)).toContain("No service user");
  });

  test("leaves alone what somebody else has changed meanwhile and the form has not", async () => {
    const roles = (...ids: string[]) => Object.fromEntries(ids.map((id) => [id, ["developer"]]));
    const user = { name: "Shared", description: "Before", vaultRoles: roles("vault_1", "vault_2") };
    const { id } = await (await portcullis.manage("POST", "/-/service-users", user)).json<Key>();
    const began = {
      "began-name": "Shared",
      "began-description": "Before",
      "began-vaultRoles": "vault_1\nvault_2",
    };
    expect(await at(`${USERS}/${id}/edit`)).toMatch(/name="began-vaultRoles" value="vault_1\s+vault_2"/);
    const path = `/-/service-users/${id}`;
    await portcullis.manage("PATCH", path, { name: "Renamed", vaultRoles: roles("vault_2", "vault_3") });

    const form = { ...began, name: "Shared", description: "After", vaultRoles: "vault_1\nvault_2" };
    await post(`${USERS}/${id}/edit`, form);
    expect(await (await portcullis.manage("GET", path)).json()).toMatchObject({
      name: "Renamed",
      description: "After",
      vaultRoles: roles("vault_2", "vault_3"),
    });

    await post(`${USERS}/${id}/edit`, { ...form, vaultRoles: "vault_1\nvault_4", reviewed: "yes" });
    const { vaultRoles } = await (await portcullis.manage("GET", path)).json<typeof user>();
    expect(vaultRoles).toEqual(roles("vault_3", "vault_4"));
  });

  test.each([
    ["as it is", { name: "As it was", description: "Nightly", vaultRoles: "vault_1\nvault_2" }],
    [
      "in another spelling",
      { name: " As  it\u00a0was ", description: "Nightly", vaultRoles: "vault_2, vault_1,vault_1" },
    ],
  ])("says that nothing was changed when it is sent %s", async (_, form) => {
    const roles = { vault_1: ["developer"], vault_2: ["developer"] };
    const user = { name: "As it was", description: "Nightly", vaultRoles: roles };
    const { id } = await (await portcullis.manage("POST", "/-/service-users", user)).json<Key>();
    const [location, page] = await post(`${USERS}/${id}/edit`, form);
    expect([location, page]).toEqual([null, expect.stringContaining("Nothing was changed")]);
  });
});

describe("a list of keys", () => {
  const at = async (path: string) => {
    const answer = await client.get(`/-/console/${path}`);
    return [answer.status, textOf(await answer.text())] as const;
  };
  const namesIn = (page: string) =>
    [...page.matchAll(/<th scope="row"><a [^>]+>([^<]*)<\/a>/g)].map(([, name]) => name);

  test("is sorted by what its heads lead to, wherever it stands", async () => {
    const user = await portcullis.manage("POST", "/-/service-users", {
      name: "Sorted",
      vaultRoles: { vault_1: ["developer"] },
    });
    const { id: ownerId } = await user.json<{ id: string }>();
    for (const [name, expiresIn] of [
      ["b", "20d"],
      ["c", "30d"],
      ["a", "40d"],
    ]) {
      await create({ ownerId, name, expiresIn, vaults: ["vault_1"] });
    }
    const c = await portcullis.manage("GET", `/-/api-keys?owner=${ownerId}&q=c`);
    const [{ id } = { id: "" }] = (await c.json<{ data: Key[] }>()).data;
    await portcullis.manage("POST", `/-/api-keys/${id}/rotate`, { overlap: "1h" });
    const headsAt = async (path: string) => {
      const [, page] = await at(path);
      const heads = [...page.matchAll(/<a class="sort" href="\/-\/console\/([^"]+)">(\w+)/g)];
      return new Map(heads.map(([, href = "", label = ""]) => [label, href]));
    };
    for (const list of [`service-users/${ownerId}`, `all-keys?owner=${ownerId}`]) {
      const heads = await headsAt(list);
      expect([...heads.keys()]).toEqual(["Name", "Expires", "Last", "Created"]);
      const sorted = async (head: string) => {
        const [, page] = await at(heads.get(head) ?? "");
        const marked = /aria-sort="(\w+)"><a class="sort" href="\/-\/console\/([^"]+)">(\w+)/.exec(page);
        expect(marked?.[3]).toBe(head);
        const [, back] = await at(marked?.[2] ?? "");
        return [namesIn(page).join(""), namesIn(back).join("")];
      };
      expect(await sorted("Name")).toEqual(["abcc", "ccba"]);
      // By the end that is shown: of the rotated key it is that of its overlap.
      const [soonest = "", latest = ""] = await sorted("Expires");
      expect([soonest.slice(0, 2), latest.at(-1)]).toEqual(["cb", "c"]);
    }
    const [, person] = await at("people/alice");
    const href = /<a class="sort" href="\/-\/console\/([^"]+)">Name/.exec(person)?.[1] ?? "";
    const names = namesIn((await at(href))[1]);
    expect(names.length).toBeGreaterThan(1);
    expect(names).toEqual(
      names.toSorted((one = "", two = "") => (one.toLowerCase() < two.toLowerCase() ? -1 : 1)),
    );
  });

  test("is narrowed to a vault, says what that means, and keeps it while it is narrowed further", async () => {
    await create({ name: "Sees it", vaults: ["vault_5151"] });
    await create({ name: "Sees another", vaults: ["vault_5152"] });
    for (const list of ["keys", "all-keys"]) {
      const sent = await client.post("/-/console/search", {
        csrf,
        at: list,
        vault: " vault_5151 ",
        q: "sees",
      });
      const location = sent.headers.get("Location") ?? "";
      expect(location).toBe(`/-/console/${list}?vault=vault_5151&q=sees`);
      const [, page] = await at(location.replace("/-/console/", ""));
      expect(namesIn(page)).toEqual(["Sees it"]);
      expect(page).toContain("Keys that can see <code>vault_5151</code> now.");
      expect(page).toContain("A key without a list of vaults sees every vault of its owner");
      expect(page).toContain('name="vault" value="vault_5151"');
      const links = [...page.matchAll(/<a href="([^"]+)"[^>]*>(Disabled|Revoked|Any address)/g)];
      expect(links.map(([, href]) => href?.includes("vault=vault_5151"))).toEqual(links.map(() => true));
      expect((await at(`${list}?vault=vault_5151&q=nothing`))[1]).toContain("No key found");
    }
    expect((await at("all-keys?vault=vault_5151&owner=nobody"))[1]).toContain("No active key can see it");
    const [, found] = await at("search?q=vault_5151");
    expect(found).toContain('href="/-/console/all-keys?vault=vault_5151"');
  });

  test("offers to disable only where there is a key that can be", async () => {
    const { id } = await create({ name: "Offered" });
    const offers = async () => {
      const [, page] = await at("all-keys?status=all&q=Offered");
      return ["disable", "revoke"].filter((act) => page.includes(`name="act" value="${act}"`));
    };
    expect(await offers()).toEqual(["disable", "revoke"]);
    await portcullis.manage("PATCH", `/-/api-keys/${id}`, { disabled: true });
    expect(await offers()).toEqual(["revoke"]);
    await portcullis.manage("DELETE", `/-/api-keys/${id}`);
    expect(await offers()).toEqual([]);
  });
});

describe("a filter that a list cannot be narrowed by is refused, and not left out", () => {
  const LONG = "x y ".repeat(60);

  test.each([
    ["keys", "q", LONG, "“Search” has 239 characters, and at most 200 are searched for."],
    ["all-keys", "ownerName", LONG, "“Owner’s name” has 239 characters"],
    ["all-keys", "owner", LONG, "“Owner” has 239 characters"],
    ["all-keys", "vault", LONG, "“Vault” has 239 characters"],
    ["keys", "vault", "vault 1", "“Vault” is not the id of a vault"],
    ["people", "q", LONG, "“Search” has 239 characters"],
    ["service-users", "q", LONG, "“Search” has 239 characters"],
    ["audit", "actor", LONG, "“By” has 239 characters"],
    ["audit", "target", LONG, "“On” has 239 characters"],
    ["audit", "from", "yesterday", "“From” is no date and time"],
    ["audit", "to", "2026-13-01T00:00", "“Before” is no date and time"],
    ["search", "q", LONG, "“Search” has 239 characters"],
  ])("%s by %s", async (list, field, value, said) => {
    const path = `/-/console/${list}`;
    const asked = await client.get(
      `${path}?${new URLSearchParams({ [field]: value, sort: "name" }).toString()}`,
    );
    const page = textOf(await asked.text());
    expect([asked.status, page]).toEqual([400, expect.stringContaining(said)]);
    expect(page).toContain(`<a role="button" href="${path}?sort=name">Show the list without it</a>`);
    expect(page).not.toContain("x y x y");
    const sent = await client.post("/-/console/search", {
      csrf,
      [field]: value,
      ...(list !== "search" && { at: list }),
    });
    expect([sent.status, textOf(await sent.text())]).toEqual([400, expect.stringContaining(said)]);
  });

  test("but is taken at its longest, and where a key is in a longer text", async () => {
    const q = "x".repeat(200);
    expect((await client.get(`/-/console/keys?q=${q}`)).status).toBe(200);
    const { id, key } = await portcullis.createKey();
    const sent = await client.post("/-/console/search", { csrf, q: `${LONG} ${key}` });
    expect(sent.headers.get("Location")).toBe(`${KEYS}/${id}`);
    const endless = await client.post("/-/console/search", { csrf, q: `${"x ".repeat(2500)} ${key}` });
    expect([endless.status, await endless.text()]).toEqual([400, expect.not.stringContaining(key.slice(16))]);
  });
});

test("the page for a rotation is headed by the key's name, and offers no overlap beyond its end", async () => {
  const { id } = await create({ name: "To be rotated", expiresIn: "2h" });
  const page = textOf(await (await client.get(`${KEYS}/${id}/rotate`)).text());
  expect(page).toMatch(/<h1[^>]*>Rotate To be rotated<\/h1>/);
  const overlaps = [...page.matchAll(/type="radio" name="overlap" value="(\w+)"( checked)?/g)];
  expect(overlaps.map(([, value, checked]) => [value, checked !== undefined])).toEqual([
    ["0", false],
    ["1h", false],
    ["24h", true],
  ]);
  expect(page).toContain("Until it expires");
  expect(page).toContain("Anything that still uses the old key is refused at once.");
});

test("a key is rotated once, which its page says before anybody fills in the form", async () => {
  const key = await create();
  const rotated = await portcullis.manage("POST", `/-/api-keys/${key.id}/rotate`, { overlap: "1h" });
  const { id } = await rotated.json<Key>();
  const asked = await client.get(`${KEYS}/${key.id}/rotate`);
  expect([asked.status, await asked.text()]).toEqual([409, expect.stringContaining(`href="${KEYS}/${id}"`)]);
});
