import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startControl, type Control, type Organization } from "../support/control.ts";
import { startGithub, type TestGithub } from "../support/github.ts";
import { adminClaims } from "../support/issuer.ts";
import { unknownKey } from "../support/key-strings.ts";
import { freshAddress } from "../support/portcullis.ts";
import { newScimToken } from "../support/scim.ts";
import { exchange, postForm } from "../support/tokens.ts";

const ALLOWED = 60;
const PERIOD_MS = 60_000;

let control: Control;
let organization: Organization;
let github: TestGithub;
let scimToken: string;
let accessToken: string;

beforeAll(async () => {
  github = await startGithub();
  control = await startControl({ vars: { GITHUB_SECRET_SCANNING_KEYS_URL: github.keysUrl } });
  organization = await control.newOrganization();
  scimToken = await newScimToken(organization);
  accessToken = (await exchange(control, await organization.admin.createKey())).access_token;
});
afterAll(async () => {
  await control.stop();
  await github.stop();
});

/** Failures are counted by the minute: what a minute's end has come between is done again. */
async function withinOneMinute(act: () => Promise<void>): Promise<void> {
  for (;;) {
    const minute = Math.floor(Date.now() / PERIOD_MS);
    try {
      return await act();
    } catch (error) {
      if (Math.floor(Date.now() / PERIOD_MS) === minute) throw error;
    }
  }
}

type Attempt = (from: string, i: number) => Promise<Response>;

async function statuses(attempt: Attempt, from: string, times = ALLOWED): Promise<Set<number>> {
  const answers = await Promise.all(Array.from({ length: times }, (_, i) => attempt(from, i)));
  return new Set(answers.map(({ status }) => status));
}

const madeUp = () => `org_${randomUUID()}`;
const scim =
  (token: string): Attempt =>
  (from) =>
    control.call("GET", "/-/scim/v2/Users", { as: token, from });
const scimTokenOf = (orgId: string) =>
  `scim_${Buffer.from(orgId).toString("base64url")}.${randomBytes(32).toString("base64url")}`;
const keysOf =
  (orgId: () => string): Attempt =>
  (from) =>
    control.call("GET", `/-/organizations/${orgId()}/jwks.json`, { from });
const as =
  (token: () => string | Promise<string>): Attempt =>
  async (from) =>
    control.call("GET", "/-/api-keys", { as: await token(), from });
const forged = async () =>
  `${(await control.issuer.token(adminClaims())).split(".").slice(0, 2).join(".")}.${randomBytes(64).toString("base64url")}`;
const report =
  (signed: boolean): Attempt =>
  (from) =>
    fetch(`${control.edges[0]}/-/ops/leaks/github`, {
      method: "POST",
      headers: {
        "CF-Connecting-IP": from,
        "Content-Type": "application/json",
        ...github.sign(signed ? "[]" : "[1]"),
      },
      body: "[]",
    });
/** A token such as an organisation that is not there would have signed. */
const tokenOfNobody = () => {
  const [header = "", payload = "", signature = ""] = accessToken.split(".");
  const orgId = madeUp();
  const renamed = (part: string) =>
    Buffer.from(Buffer.from(part, "base64url").toString().replaceAll(organization.id, orgId)).toString(
      "base64url",
    );
  return [renamed(header), renamed(payload), signature].join(".");
};

describe("an address that has failed sixty times in a minute is turned away", () => {
  test.each<{ name: string; attempt: Attempt; status: number }>([
    {
      name: "SCIM tokens of made-up organisations",
      attempt: (from, i) => scim(scimTokenOf(madeUp()))(from, i),
      status: 401,
    },
    {
      name: "SCIM tokens of an organisation",
      attempt: (from, i) => scim(scimTokenOf(organization.id))(from, i),
      status: 401,
    },
    {
      name: "no SCIM token",
      attempt: (from) => control.call("GET", "/-/scim/v2/Users", { from }),
      status: 401,
    },
    { name: "key sets of made-up organisations", attempt: keysOf(madeUp), status: 404 },
    { name: "the key set of one made-up organisation", attempt: keysOf(() => "org_nobody"), status: 404 },
    { name: "key sets under names that no organisation can have", attempt: keysOf(() => "%20"), status: 404 },
    {
      name: "no identity token",
      attempt: (from) => control.call("GET", "/-/api-keys", { from }),
      status: 401,
    },
    { name: "what is no identity token", attempt: as(() => "nonsense"), status: 401 },
    { name: "forged identity tokens", attempt: as(forged), status: 401 },
    { name: "reports that GitHub has not signed", attempt: report(false), status: 401 },
    {
      name: "tokens of made-up organisations that are to be revoked",
      attempt: async (from) => postForm(control, "revoke", { token: tokenOfNobody() }, { from }),
      status: 200,
    },
    {
      name: "clients with unknown keys",
      attempt: (from, i) =>
        postForm(
          control,
          "token",
          { grant_type: "client_credentials" },
          {
            from,
            client: { id: `key_${unknownKey(i).slice(4, 16)}`, key: unknownKey(i), version: 1 },
          },
        ),
      status: 401,
    },
  ])("by $name", ({ attempt, status }) =>
    withinOneMinute(async () => {
      const from = freshAddress();
      expect(await statuses(attempt, from)).toEqual(new Set([status]));
      const refused = await attempt(from, ALLOWED);
      expect(refused.status).toBe(429);
      expect(refused.headers.get("Retry-After")).toMatch(/^([1-9]|[1-5]\d|60)$/);
      expect((await attempt(freshAddress(), ALLOWED + 1)).status).toBe(status);
    }),
  );
});

describe("all surfaces count together, and none of them turns away", () => {
  let from: string;
  const turnAway = async () => {
    from = freshAddress();
    await statuses(keysOf(madeUp), from);
    expect((await keysOf(madeUp)(from, 0)).status).toBe(429);
  };

  test("an identity token that verifies", () =>
    withinOneMinute(async () => {
      await turnAway();
      expect((await as(forged)(from, 0)).status).toBe(429);
      expect((await as(() => control.issuer.token(adminClaims()))(from, 0)).status).toBe(200);
    }));

  test("a SCIM token that was right here before, but any other", () =>
    withinOneMinute(async () => {
      expect((await scim(scimToken)(freshAddress(), 0)).status).toBe(200);
      await turnAway();
      expect((await scim(scimToken)(from, 0)).status).toBe(200);
      expect((await scim(scimTokenOf(organization.id))(from, 0)).status).toBe(429);
    }));

  test("the question for the keys of an organisation that is known here, but for any other", () =>
    withinOneMinute(async () => {
      expect((await keysOf(() => organization.id)(freshAddress(), 0)).status).toBe(200);
      await turnAway();
      expect((await keysOf(() => organization.id)(from, 0)).status).toBe(200);
      expect((await control.call("GET", "/-/jwks.json", { from })).status).toBe(200);
    }));

  test("what GitHub has signed", () =>
    withinOneMinute(async () => {
      await turnAway();
      expect((await report(false)(from, 0)).status).toBe(429);
      expect((await report(true)(from, 0)).status).not.toBe(429);
    }));
});

describe("what shows a right secret is no failed attempt", () => {
  test.each<{ name: string; attempt: Attempt; status: number }>([
    {
      name: "an identity token that has expired",
      attempt: as(() => control.issuer.token(adminClaims({ iat: 1_700_000_000, exp: 1_700_000_060 }))),
      status: 401,
    },
    {
      name: "an identity token without an organisation",
      attempt: as(() => control.issuer.token(adminClaims({ org_id: undefined }))),
      status: 401,
    },
    {
      name: "an identity token without the role",
      attempt: async (from) =>
        control.call("GET", "/-/audit-events", {
          as: await control.issuer.token(adminClaims({ sub: "bob", roles: [], org_id: organization.id })),
          from,
        }),
      status: 403,
    },
  ])("$name", async ({ attempt, status }) => {
    expect(await statuses(attempt, freshAddress(), ALLOWED + 10)).toEqual(new Set([status]));
  });

  test("a client whose key is disabled: it works as soon as the key is enabled", async () => {
    const own = await organization.admin.createKey();
    await organization.admin.call("PATCH", `/-/api-keys/${own.id}`, { disabled: true });
    const ask: Attempt = (from) =>
      postForm(control, "token", { grant_type: "client_credentials" }, { from, client: own });
    const from = freshAddress();
    expect(await statuses(ask, from, ALLOWED + 10)).toEqual(new Set([401]));
    await organization.admin.call("PATCH", `/-/api-keys/${own.id}`, { disabled: false });
    expect((await ask(from, 0)).status).toBe(200);
  });

  test("a client whose address is not allowed", async () => {
    const own = await organization.admin.createKey({ allowedIps: ["192.0.2.1"] });
    const ask: Attempt = (from) =>
      postForm(control, "token", { grant_type: "client_credentials" }, { from, client: own });
    expect(await statuses(ask, freshAddress(), ALLOWED + 10)).toEqual(new Set([400]));
  });
});
