import { beforeEach, describe, expect, test } from "vitest";
import { developerOn, refusalOf, type Organization, type Person } from "../support/control.ts";
import { setOutage } from "../support/operators.ts";
import { use } from "../support/scim.ts";
import { useControl } from "../support/started.ts";
let organization: Organization;

/** What the order of a person's identity tokens does to their roles, and when it is answered. */
const control = await useControl({ faults: { guard: "FlakyGuard" } });
beforeEach(async () => {
  organization = await control.newOrganization();
});

/** Somebody with a token that was issued at a moment. */
const bob = (iat: number, claims: object = {}): Person => organization.member("bob", { iat, ...claims });
const now = (): number => Math.floor(Date.now() / 1000);
const ADMIN = { roles: ["admin"] };
const nextSecond = () =>
  new Promise((resolve) => {
    setTimeout(resolve, 1000 - (Date.now() % 1000));
  });
const listAll = async (person: Person): Promise<number> =>
  (await person.call("GET", "/-/api-keys?owner=*")).status;

describe("of two tokens", () => {
  test("of one second, neither brings back what the other does not say", async () => {
    const second = now() - 5;
    const [admin, plain] = [bob(second, ADMIN), bob(second)];
    const answers: number[] = [];
    for (const person of [admin, plain, admin, plain]) answers.push(await listAll(person));
    expect(answers).toEqual([200, 403, 403, 403]);
    expect(await listAll(bob(second + 1, ADMIN))).toBe(200);
  });

  test.each([
    ["a clock that was ahead, and the second is not", 20, 1],
    ["a clock that is ahead of ours", 20, 21],
  ])("the first brings nothing back when it was of %s", async (_, first, second) => {
    const start = now();
    const [admin, plain] = [bob(start + first, ADMIN), bob(start + second)];
    const answers: number[] = [];
    for (const person of [admin, plain, admin, plain]) {
      answers.push(await listAll(person));
      await nextSecond();
    }
    expect(answers).toEqual([200, 403, 403, 403]);
  });
});

describe.each(["guard unreachable", "guard answer lost"] as const)("while the %s", (outage) => {
  test("a role that a token has lost is not answered for until the keys follow", async () => {
    const key = await bob(now() - 10, developerOn("vault_1")).createKey();
    expect(await use(control, key)).toEqual([200]);
    await setOutage(control, organization.id, outage);
    const lost = bob(now());
    for (let i = 0; i < 2; i++) {
      const answer = await lost.call("GET", "/-/api-keys");
      expect(answer.headers.get("Retry-After")).toBe("2");
      expect(await refusalOf(answer)).toEqual([503, "admission_unavailable"]);
    }
    expect(await listAll(organization.admin)).toBe(200);
    await setOutage(control, organization.id, null);
    expect((await lost.call("GET", "/-/api-keys")).status).toBe(200);
    expect(await use(control, key)).toEqual([403, "access_withdrawn"]);
  });

  test("another change that waits for a guard stops no other call of its owner", async () => {
    const person = bob(now() - 10, developerOn("vault_1"));
    const key = await person.createKey();
    await setOutage(control, organization.id, outage);
    expect((await person.call("DELETE", `/-/api-keys/${key.id}`)).status).toBe(503);
    expect((await person.call("GET", "/-/api-keys")).status).toBe(200);
    await setOutage(control, organization.id, null);
  });
});
