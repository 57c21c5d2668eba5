import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ControlClient } from "../../../src/demo/control-client.ts";
import { pickPerson, startConsole, type ConsoleProduct } from "../../support/console.ts";
import { submit, untilToldOf, visitorsOf } from "../../support/console-visitors.ts";

/** Switching keys off and on, rotating and revoking them. */

interface Made {
  readonly id: string;
  readonly key: string;
}

let product: ConsoleProduct;
let alice: ControlClient;
let made: Made;
beforeAll(async () => {
  product = await startConsole({ MAX_KEYS_PER_OWNER: "1000" });
  alice = await product.control("alice");
});
afterAll(() => product.stop());
beforeEach(async () => {
  const body = { name: "Ledger export", scopes: ["vault:read"], vaults: "*", expiresIn: "90d" };
  made = (await alice("POST", "/-/api-keys", body)).body as Made;
});
const { signIn, signInTwice } = visitorsOf(() => product);

const pathOf = (action = "") => `/keys/${made.id}${action}`;

async function read(): Promise<Record<string, unknown>> {
  return (await alice("GET", `/-/api-keys/${made.id}`)).body as Record<string, unknown>;
}

describe("disabling", () => {
  test("tells what it would have refused, refuses from then on, and is undone by enabling with a second factor", async () => {
    await product.call(made.key);
    const visitor = await signIn("alice");
    const { page } = visitor;
    await page.goto(`/-/console${pathOf()}`);
    await page.getByRole("button", { name: "Disable" }).click();
    await page.waitForURL(`**${pathOf("/disable")}`);
    await untilToldOf(visitor, "main", /This would have refused 1 call in the last 24 hours/);
    expect(await visitor.axe()).toEqual([]);
    await submit(visitor, "Disable the key");
    await page.getByText("The key is disabled and refused everywhere.").waitFor();
    expect(await product.call(made.key)).toBe(401);

    await page.getByRole("button", { name: "Enable" }).click();
    await submit(visitor, "Enable the key");
    expect(await read()).toMatchObject({ disabled: true });
    await pickPerson(visitor, "alice");
    await page.getByText("The key is enabled again.").waitFor();
    expect(await product.call(made.key)).toBe(200);
  });

  test("a key that was changed meanwhile shows it as it is now, first", async () => {
    const visitor = await signIn("alice");
    const { page } = visitor;
    await page.goto(`/-/console${pathOf("/disable")}`);
    await alice("PATCH", `/-/api-keys/${made.id}`, { name: "Renamed meanwhile" });
    await submit(visitor, "Disable the key");
    await page.getByRole("alert").getByText("was changed in the meantime").waitFor();
    expect(await read()).toMatchObject({ disabled: false });
    await submit(visitor, "Disable the key");
    expect(await read()).toMatchObject({ disabled: true });
  });
});

describe("rotating", () => {
  test("shows the new key once, and the old one goes on working for as long as was chosen", async () => {
    const visitor = await signInTwice("alice", pathOf("/rotate"));
    const { page } = visitor;
    expect(await page.getByLabel("A day").isChecked()).toBe(true);
    expect(await visitor.axe()).toEqual([]);
    await page.getByLabel("An hour").check();
    await submit(visitor, "Rotate the key");
    const key = await page.locator("#secret").innerText();
    expect(key).not.toBe(made.key);
    expect(await page.locator(".facts").innerText()).toMatch(/works until .*\(in (1 hour|60 minutes)\)/);
    expect([await product.call(key), await product.call(made.key)]).toEqual([200, 200]);
    const after = await signIn("alice");
    await after.page.goto(`/-/console${pathOf()}`);
    expect(await after.page.getByText("This key was rotated").count()).toBe(1);
    expect(await after.page.locator("main").innerText()).toMatch(
      /stops working .*\(in (1 hour|60 minutes|59 minutes)\)/s,
    );
    expect(await after.page.getByRole("button", { name: "Rotate" }).count()).toBe(0);
  });

  test("ends the old key at once where that was chosen", async () => {
    const visitor = await signInTwice("alice", pathOf("/rotate"));
    const { page } = visitor;
    await page.getByLabel("Not at all").check();
    await submit(visitor, "Rotate the key");
    await page.getByText("no longer works").waitFor();
    const key = await page.locator("#secret").innerText();
    expect([await product.call(key), await product.call(made.key)]).toEqual([200, 401]);
  });

  test("asks for a second factor where there is none, and then goes on with what was chosen", async () => {
    const visitor = await signIn("alice");
    const { page } = visitor;
    await page.goto(`/-/console${pathOf("/rotate")}`);
    await page.getByLabel("A week").check();
    await submit(visitor, "Rotate the key");
    await pickPerson(visitor, "alice");
    await page.getByText("Store the key now").waitFor();
    expect(await page.locator(".facts").innerText()).toMatch(/works until .*\(in (7|6) days\)/);
  });

  test("a key that was rotated before is refused, and why is said", async () => {
    const visitor = await signInTwice("alice", pathOf("/rotate"));
    await alice("POST", `/-/api-keys/${made.id}/rotate`, { overlap: "24h" });
    await submit(visitor, "Rotate the key");
    expect(await visitor.page.getByRole("alert").innerText()).toContain("has been rotated cannot be rotated");
  });

  test("makes one key, however often the form is sent at once", async () => {
    const visitor = await signInTwice("alice", pathOf("/rotate"));
    const { page } = visitor;
    // As scripts that nobody has would: past every guard in the page.
    const statuses = await page.evaluate(`(async () => {
      const form = document.querySelector("form.narrow-form");
      const send = () => fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
      const answers = await Promise.all([send(), send(), send()]);
      return answers.map(({ status }) => status).sort();
    })()`);
    expect(statuses).toEqual([200, 409, 409]);
    expect(visitor.takeProblems()).toHaveLength(2);
    const { successorId } = await read();
    const { body } = await alice("GET", "/-/api-keys?limit=500&q=Ledger%20export");
    const keys = (body as { data: { predecessorId: string | null }[] }).data;
    expect(keys.filter(({ predecessorId }) => predecessorId === made.id)).toMatchObject([
      { id: successorId },
    ]);
  });

  test.each(["A day", "Not at all"])(
    "loaded anew makes no third key (%s), and leads to the one that was made",
    async (overlap) => {
      const visitor = await signInTwice("alice", pathOf("/rotate"), { javaScriptEnabled: false });
      const { page } = visitor;
      await page.getByLabel(overlap).check();
      await page.getByRole("button", { name: "Rotate the key" }).click();
      const key = await page.locator("#secret").innerText();
      const again = await page.reload();
      expect(again?.status()).toBe(409);
      expect(await page.content()).not.toContain(key);
      const { successorId } = await read();
      expect(await page.getByRole("button", { name: "Open the key" }).getAttribute("href")).toBe(
        `/-/console/keys/${String(successorId)}`,
      );
    },
  );
});

describe("revoking", () => {
  test("tells when the key was last used and from where, asks for its name, and gives a receipt", async () => {
    await product.call(made.key);
    const visitor = await signIn("alice");
    const { page } = visitor;
    await page.goto(`/-/console${pathOf()}`);
    await page.getByRole("button", { name: "Revoke" }).click();
    await page.waitForURL(`**${pathOf("/revoke")}`);
    await untilToldOf(
      visitor,
      ".last-use",
      /^It was last used just now from 127\.0\.0\.1\. It let 1 call through in the last 24 hours\.$/,
    );
    expect(await visitor.axe()).toEqual([]);

    await page.getByLabel(/type the key's name/).fill("Ledger");
    await submit(visitor, "Revoke the key for good");
    await page.getByText("This is not “Ledger export”.").waitFor();
    expect(await visitor.axe()).toEqual([]);
    expect(await product.call(made.key)).toBe(200);

    await page.getByLabel(/type the key's name/).fill("Ledger export");
    await submit(visitor, "Revoke the key for good");
    const receipt = (await alice("DELETE", `/-/api-keys/${made.id}`)).body as { effectiveAt: string };
    const main = await page.locator("main").innerText();
    expect(main).toMatch(/No request that arrived after .* was let through with it/);
    const [, shown = ""] = /Effective\s+(.*) UTC/.exec(main) ?? [];
    expect(`${shown.replace(" ", "T")}Z`).toBe(receipt.effectiveAt);
    expect(await visitor.axe()).toEqual([]);
    expect(await product.call(made.key)).toBe(401);

    await page.reload();
    expect(await page.locator("main").innerText()).toContain(shown);
    // On paper it is dark on white, whatever the theme.
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    expect(await page.evaluate("getComputedStyle(document.querySelector('.receipt b')).color")).toBe(
      "rgb(26, 34, 51)",
    );
    expect(await page.getByRole("navigation").first().isVisible()).toBe(false);
    await page.emulateMedia({ media: "screen" });
    await page.getByRole("button", { name: "Open the key" }).click();
    await page.getByText("Revoked by", { exact: true }).waitFor();
  });

  test("a key that was never used says so, without scripts too", async () => {
    const { page } = await signIn("alice", { javaScriptEnabled: false });
    await page.goto(`/-/console${pathOf("/revoke")}`);
    await page.getByText("never been used").waitFor();
    await page.getByLabel(/type the key's name/).fill("Ledger export");
    await page.getByRole("button", { name: "Revoke the key for good" }).click();
    await page.getByRole("heading", { name: "Ledger export is revoked" }).waitFor();
    expect(await read()).toMatchObject({ status: "revoked" });
  });
});

const SIZES = { wide: { width: 1280, height: 800 }, narrow: { width: 360, height: 740 } };

describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
  test.each(Object.entries(SIZES))(
    "every form on a %s screen can be read by everybody",
    async (_, viewport) => {
      const visitor = await signInTwice("alice", pathOf("/rotate"), { colorScheme, viewport });
      const { page } = visitor;
      const check = async () => {
        expect(await visitor.axe()).toEqual([]);
        expect(await page.evaluate("document.documentElement.scrollWidth - innerWidth")).toBeLessThanOrEqual(
          0,
        );
      };
      for (const action of ["", "/edit", "/disable", "/enable", "/rotate", "/revoke"]) {
        await page.goto(`/-/console${pathOf(action)}`);
        await check();
      }
      await product.call(made.key);
      await page.goto(`/-/console${pathOf("/edit")}`);
      await page.getByLabel("Allowed addresses").fill("10.0.0.1/8, 0.0.0.0/0");
      await page.getByText("did you mean").waitFor();
      await check();
      await submit(visitor, "Review the change");
      await check();
      await page.getByLabel("Allowed addresses").fill("10.0.0.0/8");
      await submit(visitor, "Review the change");
      await page.getByText("What changes").waitFor();
      await check();
      await page.goto("/-/console/keys/new");
      await check();
      await page.getByLabel("Name", { exact: true }).fill("Read by everybody");
      await page.getByLabel("Vault ids").fill("vault_1");
      await submit(visitor, "Create key");
      await page.getByText("Store the key now").waitFor();
      await check();
    },
  );
});
