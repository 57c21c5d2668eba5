import { beforeAll, expect, test } from "vitest";
import { adminClaims } from "../support/issuer.ts";
import { type CreatedKey } from "../support/portcullis.ts";
import { usePortcullis } from "../support/started.ts";

const EDGES = 2;
const OK = { status: 200 };
const NOT_FOUND = { status: 404, code: "not_found" };
const WITHDRAWN = { status: 403, code: "access_withdrawn" };

const portcullis = await usePortcullis({ edges: EDGES });
beforeAll(async () => {
  // An origin that forgets to filter.
  portcullis.origin.handler = (_, response) => {
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end('{"data":[{"id":"vault_1"},{"id":"vault_2"},{"id":"vault_3"}]}');
  };
});

let owners = 0;

/** Somebody new, whose roles the identity provider changes at will; every token is later than the one before. */
function newOwner() {
  const sub = `owner_${owners++}`;
  const start = Math.floor(Date.now() / 1000) - 20;
  let issued = 0;
  const token = (vaults: readonly string[], iat = start + issued++) =>
    portcullis.issuer.token(
      adminClaims({
        sub,
        iat,
        roles: [],
        vault_roles: Object.fromEntries(vaults.map((vault) => [vault, ["developer"]])),
      }),
    );
  return {
    start,
    comes: async (vaults: readonly string[], iat?: number) => {
      const response = await portcullis.call("GET", "/-/api-keys", { as: await token(vaults, iat) });
      expect(response.status).toBe(200);
    },
    createKey: async (roles: readonly string[], vaults: readonly string[] | "*"): Promise<CreatedKey> => {
      const body = { name: "Test", scopes: ["vault:read"], vaults };
      const as = await token(roles);
      return await (await portcullis.call("POST", "/-/api-keys", { as, body })).json<CreatedKey>();
    },
  };
}

interface Seen {
  readonly status: number;
  readonly code?: string;
}

async function get(key: CreatedKey, path: string, edge: number): Promise<Seen> {
  const response = await portcullis.call("GET", path, { as: key.key, edge });
  const { error } = await response.json<{ error?: { code: string } }>();
  return { status: response.status, ...(error && { code: error.code }) };
}

function everywhere(key: CreatedKey, path: string): Promise<Seen[]> {
  return Promise.all(Array.from({ length: EDGES }, (_, edge) => get(key, path, edge)));
}

const onEveryEdge = (seen: Seen): Seen[] => Array.from({ length: EDGES }, () => seen);

async function list(key: CreatedKey): Promise<string[]> {
  const response = await portcullis.call("GET", "/v1/vaults", { as: key.key });
  const { data } = await response.json<{ data: { id: string }[] }>();
  return data.map(({ id }) => id);
}

test("all vaults are those of the owner, now and later", async () => {
  const owner = newOwner();
  const key = await owner.createKey(["vault_1", "vault_2"], "*");
  expect(await list(key)).toEqual(["vault_1", "vault_2"]);
  expect(await everywhere(key, "/v1/vaults/vault_3")).toEqual(onEveryEdge(NOT_FOUND));
  await owner.comes(["vault_2", "vault_3"]);
  expect(await everywhere(key, "/v1/vaults/vault_1")).toEqual(onEveryEdge(NOT_FOUND));
  expect(await everywhere(key, "/v1/vaults/vault_3")).toEqual(onEveryEdge(OK));
  expect(await list(key)).toEqual(["vault_2", "vault_3"]);
});

test("a vault that is lost is gone, and access is withdrawn when none is left", async () => {
  const owner = newOwner();
  const key = await owner.createKey(["vault_1", "vault_2"], ["vault_1", "vault_2"]);
  expect(await everywhere(key, "/v1/vaults/vault_1")).toEqual(onEveryEdge(OK));
  await owner.comes(["vault_2", "vault_3"]);
  expect(await everywhere(key, "/v1/vaults/vault_1")).toEqual(onEveryEdge(NOT_FOUND));
  expect(await everywhere(key, "/v1/vaults/vault_3")).toEqual(onEveryEdge(NOT_FOUND));
  expect(await everywhere(key, "/v1/vaults/vault_2")).toEqual(onEveryEdge(OK));
  await owner.comes(["vault_3"]);
  for (const path of ["/v1/vaults/vault_2", "/v1/vaults", "/v1/networks"]) {
    expect(await everywhere(key, path)).toEqual(onEveryEdge(WITHDRAWN));
  }
  await owner.comes(["vault_1"]);
  expect(await everywhere(key, "/v1/vaults/vault_1")).toEqual(onEveryEdge(OK));
});

test("a token from before the loss gives nothing back", async () => {
  const owner = newOwner();
  const key = await owner.createKey(["vault_1"], ["vault_1"]);
  await owner.comes([]);
  await owner.comes(["vault_1"], owner.start - 1);
  expect(await everywhere(key, "/v1/vaults/vault_1")).toEqual(onEveryEdge(WITHDRAWN));
});

test("the origin is told of no vault that the owner has lost", async () => {
  const owner = newOwner();
  const key = await owner.createKey(["vault_1", "vault_2"], ["vault_1", "vault_2"]);
  await owner.comes(["vault_2"]);
  const arriving = portcullis.origin.next();
  await get(key, "/v1/networks", 0);
  expect((await arriving).values("X-Portcullis-Vaults")).toEqual(["vault_2"]);
});
