import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { groupOfKey } from "../../src/admission/key-guards.ts";
import { adminClaims } from "../support/issuer.ts";
import { runOps, spawnOps, type RunOptions } from "../support/operator-command.ts";
import { operatorOf, OPERATOR, registeredOrganizations, setOutage } from "../support/operators.ts";
import { startPortcullis, type CreatedKey, type Portcullis } from "../support/portcullis.ts";
import { readJson } from "../support/json.ts";

let portcullis: Portcullis;
let directory: string;

beforeAll(async () => {
  portcullis = await startPortcullis({ faults: { guard: "FlakyGuard" } });
  directory = await mkdtemp(join(tmpdir(), "portcullis-ops-"));
});
afterAll(async () => {
  await portcullis.stop();
  await rm(directory, { recursive: true });
});

type Options = Partial<RunOptions>;

/** Runs the command line against the running product. */
async function ops(args: readonly string[], options: Options = {}) {
  return runOps(args, await forProduct(options));
}

/** The same as a process, as its user would. */
async function opsProcess(args: readonly string[], options: Options = {}) {
  return spawnOps(args, await forProduct(options)).ended;
}

async function forProduct({ env, ...options }: Options): Promise<RunOptions> {
  const token = await portcullis.issuer.token(OPERATOR);
  return {
    ...options,
    env: { PORTCULLIS_URL: portcullis.edges[0], PORTCULLIS_TOKEN: token, ...env },
  };
}

async function statusOf(key: CreatedKey): Promise<number> {
  return (await portcullis.call("GET", "/v1/vaults/vault_1", { as: key.key })).status;
}

function secretOf({ key }: CreatedKey): string {
  return key.slice("fkc_".length + 12);
}

/** As many lines as one request takes. */
const MANY = "key_of_nobody\n".repeat(10_000);

describe("revoke", () => {
  test("cuts off what a file names in every way, prints a table and no secret, and exits with 0", async () => {
    const [byId, whole, asJson] = [
      await portcullis.createKey(),
      await portcullis.createKey(),
      await portcullis.createKey(),
    ];
    const file = join(directory, "leaked");
    const lines = ["# found today", "", byId.id, `  ${whole.key}\r`, JSON.stringify({ key: asJson.key })];
    await writeFile(file, lines.join("\n"));
    const { code, out, err } = await opsProcess(["revoke", "--reason", "Paste site", "--file", file]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("3 matched, 3 revoked, 0 unconfirmed, 0 not found");
    expect(out).toMatch(new RegExp(`^fkc_${whole.id.slice(4)}… +${whole.id} +revoked`, "m"));
    for (const key of [whole, asJson]) expect(out).not.toContain(secretOf(key));
    expect(await Promise.all([byId, whole, asJson].map(statusOf))).toEqual([401, 401, 401]);
    const page = await portcullis.manage("GET", `/-/api-keys/${whole.id}`);
    expect(await page.json()).toMatchObject({ revokedBy: "olga", revocationReason: "Paste site" });
  });

  test("reads standard input, adds what the options name, and prints JSON", async () => {
    const [piped, named] = [await portcullis.createKey(), await portcullis.createKey()];
    const args = [
      "revoke",
      "--key-id",
      named.id,
      "--owner",
      "org_none/nobody",
      "--file",
      "-",
      "--output",
      "json",
    ];
    const { code, out } = await opsProcess(args, { input: piped.key });
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({
      dryRun: false,
      summary: { matched: 2, confirmed: 2, unconfirmed: 0, notFound: 1 },
    });
    const { results } = readJson<{ results: { target: number; keyId: string; status: string }[] }>(out);
    expect(results.map(({ target, keyId, status }) => `${target} ${keyId} ${status}`).toSorted()).toEqual([
      `0 ${named.id} revoked`,
      "1 null not_found",
      `2 ${piped.id} revoked`,
    ]);
    expect(out).not.toContain(secretOf(piped));
  });

  test("prints a line for each key and one for all as NDJSON", async () => {
    const key = await portcullis.createKey();
    const { code, out } = await opsProcess(["revoke", "--key-id", key.id, "--output", "ndjson"]);
    expect(code).toBe(0);
    const lines = out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toEqual([
      expect.objectContaining({ target: 0, keyId: key.id, status: "revoked" }),
      { dryRun: false, summary: { matched: 1, confirmed: 1, unconfirmed: 0, notFound: 0 } },
    ]);
  });

  test("of a whole organisation takes every key of it", async () => {
    const org = { org_id: "org_cli", roles: ["admin"], vault_roles: { "*": ["developer"] } };
    const mfa = { amr: ["mfa"], auth_time: Math.floor(Date.now() / 1000) };
    const as = await portcullis.issuer.token({ ...org, ...mfa });
    await portcullis.call("POST", "/-/organization/bootstrap", { as });
    const body = { name: "Leaky", scopes: ["vault:read"], vaults: "*" };
    const created = await portcullis.call("POST", "/-/api-keys", { as, body });
    const key = await created.json<CreatedKey>();
    expect((await ops(["revoke", "--org", "org_cli"])).code).toBe(0);
    expect(await statusOf(key)).toBe(401);
  });

  test("as a dry run changes nothing", async () => {
    const key = await portcullis.createKey();
    const { code, out } = await ops(["revoke", "--key-id", key.id, "--dry-run"]);
    expect(code).toBe(0);
    expect(out).toContain("would_revoke");
    expect(await statusOf(key)).toBe(200);
  });

  test("exits with 2 while a key is unconfirmed, even if another is not found; list then shows it", async () => {
    const key = await portcullis.createKey();
    await setOutage(portcullis, key.id, "guard unreachable");
    const { code, out } = await ops(["revoke", "--key-id", key.id, "--key-id", "key_000000000000"]);
    expect(code).toBe(2);
    expect(out).toContain("1 matched, 0 revoked, 1 unconfirmed, 1 not found");
    const listed = await opsProcess(["list", "--output", "ndjson"]);
    expect(listed.code).toBe(0);
    expect(JSON.parse(listed.out)).toMatchObject({ keyId: key.id, status: "unconfirmed" });
    await setOutage(portcullis, key.id, null);
  });

  test("splits more targets than one request may hold, and counts them through", async () => {
    const key = await portcullis.createKey();
    const input = `${MANY}${key.id}\n`;
    const { code, out } = await ops(["revoke", "--file", "-", "--output", "json"], { input });
    expect(code).toBe(3);
    const { summary, results } = readJson<{ summary: object; results: object[] }>(out);
    expect(summary).toEqual({ matched: 1, confirmed: 1, unconfirmed: 0, notFound: 10_000 });
    expect(results.at(-1)).toMatchObject({ target: 10_000, keyId: key.id, status: "revoked" });
  });
});

describe("when a later request fails, what is known is printed and the exit code is 2:", () => {
  const summary = { matched: 1, confirmed: 1, unconfirmed: 0, notFound: 0 };
  const at = "2026-11-20T09:30:00.000Z";
  const cut = { status: "revoked", requestedAt: at, effectiveAt: at, version: 2 };
  const line = { target: 0, keyId: "key_000000000000", ...cut };

  /** A gateway that answers the first request, and the next as it is told. */
  async function brokenGateway(next: RequestListener): Promise<Server> {
    let requests = 0;
    const server = createServer((request, response) => {
      request.resume().on("end", () => {
        if (++requests > 1) {
          next(request, response);
          return;
        }
        const lines = [
          { ...line, progress: { done: 1, total: 1 } },
          { dryRun: false, summary },
        ];
        response.end(lines.map((each) => `${JSON.stringify(each)}\n`).join(""));
      });
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    return server;
  }

  test.each<[string, RequestListener]>([
    ["refused", (_, response) => response.writeHead(500).end("{}")],
    ["without an answer", (request) => request.socket.destroy()],
    ["broken off", (_, response) => response.end('{"target":')],
  ])("%s", async (_, next) => {
    const server = await brokenGateway(next);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const args = ["revoke", "--file", "-", "--output", "json", "--url", url];
    const { code, out, err } = await ops(args, { input: `${MANY}key_1` });
    server.close();
    expect(code).toBe(2);
    expect(JSON.parse(out)).toEqual({ dryRun: false, summary, results: [line] });
    expect(err).toContain("harmless");
  });
});

describe("when the first request was sent and what became of it is unknown, the exit code is 2:", () => {
  test.each<[string, RequestListener]>([
    ["the connection ends", (request) => request.socket.destroy()],
    ["a proxy gives up", (_, response) => response.writeHead(504).end("<h1>Gateway Timeout</h1>")],
    ["a proxy says so in JSON", (_, response) => response.writeHead(502).end('{"error":"Bad Gateway"}')],
  ])("%s", async (_, answer) => {
    const server = createServer((request, response) => {
      request.resume().on("end", () => answer(request, response));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, err } = await ops(["revoke", "--key-id", "key_000000000000", "--url", url]);
    server.close();
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining("may be done") });
  });
});

describe("of a gateway that", () => {
  const target = ["revoke", "--key-id", "key_000000000000"];
  const silent: RequestListener = () => {};
  const stuck: RequestListener = (_, response) => void response.write('{"target":');
  const empty: RequestListener = (_, response) => response.end("{}");
  const nothing: RequestListener = (_, response) => response.end("null\n");
  const endless: RequestListener = (_, response) => response.end('{"data":[{}],"pagination":{}}');
  const DIRECTORY = mkdtempSync(join(tmpdir(), "portcullis-lines-"));
  const LINES = join(DIRECTORY, "keys.ndjson");
  writeFileSync(LINES, "{}\n");
  afterAll(() => rm(DIRECTORY, { recursive: true }));
  const parked: RequestListener = (_, response) => response.end("<title>Parked</title>");
  const moved: RequestListener = (_, response) =>
    response.writeHead(301, { Location: "http://127.0.0.1:9/" }).end();
  test.each<[string, RequestListener, readonly string[], number, string]>([
    ["says nothing", silent, target, 2, "may be done"],
    ["says nothing", silent, ["reconcile", "--org", "org_test"], 2, "may be done"],
    ["says nothing", silent, ["list"], 1, "No answer came for 1 s"],
    ["begins to answer", stuck, target, 2, "No answer came for 1 s"],
    ["begins to answer", stuck, ["list"], 1, "No answer came for 1 s"],
    ["is none", parked, ["list"], 1, "is it a gateway at that URL?"],
    ["is none", parked, target, 2, "harmless"],
    ["answers with JSON of another kind", empty, target, 2, "is it a gateway"],
    ["answers with JSON of another kind", empty, ["reconcile", "--org", "org_test"], 2, "is it a gateway"],
    ["answers with JSON of another kind", empty, ["reconcile"], 1, "is it a gateway"],
    ["answers with JSON of another kind", empty, ["list"], 1, "is it a gateway"],
    ["answers with JSON of another kind", empty, ["import", LINES], 2, "is it a gateway"],
    ["answers with a list of another kind", endless, ["list"], 1, "is it a gateway"],
    ["answers with a list of another kind", endless, ["reconcile"], 1, "is it a gateway"],
    ["answers with nothing at all in a line", nothing, ["import", LINES], 2, "is it a gateway"],
    ["is elsewhere", moved, target, 1, "answers 301"],
    ["is elsewhere", moved, ["list"], 1, "answers 301"],
  ])("%s (%#) the operator is told", async (_, answer, args, code, says) => {
    const server = createServer((request, response) => {
      request.resume().on("end", () => answer(request, response));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // Nothing that still waits may keep the process.
    const run = answer === silent ? opsProcess : ops;
    const result = await run([...args, "--url", url, "--timeout", "1", "--output", "ndjson"]);
    server.closeAllConnections();
    server.close();
    expect(result).toMatchObject({ code, err: expect.stringContaining(says) });
  });
});

describe("list", () => {
  test("shows what was done, as a table and as JSON", async () => {
    const key = await portcullis.createKey();
    await operatorOf(portcullis).revoke([{ keyId: key.id }], { reason: "On a forum" });
    const shown = await ops(["list", "--status", "confirmed"]);
    expect(shown.out).toMatch(new RegExp(`^${key.id} +org_test +revoked .* olga +On a forum$`, "m"));
    const { code, out } = await ops(["list", "--status", "all", "--output", "json"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toContainEqual(expect.objectContaining({ keyId: key.id, status: "revoked" }));
  });
});

describe("what cannot be done exits with 1, says why and prints nothing else:", () => {
  const target = ["revoke", "--key-id", "key_000000000000"];
  test.each<[string, readonly string[], Options, string]>([
    ["no command", [], {}, "revoke, list, reconcile, import or ask"],
    ["an unknown command", ["destroy"], {}, "destroy"],
    ["nothing to revoke", ["revoke"], {}, "--key-id"],
    ["an empty file", ["revoke", "--file", "-"], { input: "# nothing\n" }, "nothing to revoke"],
    ["a file that is not there", ["revoke", "--file", "/nowhere"], {}, "ENOENT"],
    ["a line that is broken JSON", ["revoke", "--file", "-"], { input: 'key_1\n{"keyId":' }, "Line 2"],
    ["a last line that is no target", ["revoke", "--file", "-"], { input: `${MANY}{"foo":1}` }, "Line 10001"],
    [
      "a line that names two things",
      ["revoke", "--file", "-"],
      { input: '{"keyId":"a","orgId":"b"}' },
      "Line 1",
    ],
    ["a line that is too long", ["revoke", "--file", "-"], { input: `key_1\n${"x".repeat(257)}` }, "Line 2"],
    ["a key id that is empty", ["revoke", "--key-id", ""], {}, "--key-id"],
    ["an owner without organisation", ["revoke", "--owner", "ann"], {}, "ORG/OWNER"],
    ["an unknown option", [...target, "--force"], {}, "--force"],
    ["an unknown output", [...target, "--output", "xml"], {}, "--output"],
    ["an unknown status", ["list", "--status", "dead"], {}, "--status"],
    ["no token", target, { env: { PORTCULLIS_TOKEN: "" } }, "PORTCULLIS_TOKEN"],
    ["a token that is none", [...target, "--token", "a.b.c"], {}, "identity_token_invalid"],
    ["no gateway", [...target, "--url", "http://127.0.0.1:9"], {}, "http://127.0.0.1:9"],
    ["an URL that is none", [...target, "--url", "gateway"], {}, "--url"],
    ["a timeout that is none", [...target, "--timeout", "0"], {}, "--timeout"],
    ["a place that is none", ["reconcile", "--from", "/x"], {}, "--from must be"],
    ["a place of an empty cursor", ["reconcile", "--from", "org_test/"], {}, "--from must be"],
    ["a place of two cursors", ["reconcile", "--from", "org_test/a/b"], {}, "--from must be"],
    ["a place in no organisation", ["reconcile", "--from", "zzz"], {}, "--from names zzz"],
    [
      "a place that is no cursor",
      ["reconcile", "--org", "org_test", "--from", "org_test/a"],
      {},
      "nextCursor",
    ],
    ["an organisation that there is not", ["reconcile", "--org", "org_nobody"], {}, "No organisation has"],
    ["a reason that is too long", [...target, "--reason", "x".repeat(501)], {}, "reason"],
  ])("%s", async (_, args, options, message) => {
    const { code, out, err } = await ops(args, options);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(message);
    expect(err.trim().split("\n")).toHaveLength(1);
  });

  test("as a process, too", async () => {
    const args = [...target, "--url", "http://127.0.0.1:9"];
    expect(await opsProcess(args)).toEqual({ code: 1, out: "", err: expect.stringContaining(":9") });
  });

  test("a token that stands in another place than its own", async () => {
    const token = await portcullis.issuer.token(OPERATOR);
    const { code, out, err } = await ops([...target, "--reason", token]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).not.toContain(token.slice(-20));
    expect((await opsProcess(["list", `--token=${token}`])).code).toBe(0);
  });

  test("a token without the operators' scope", async () => {
    const key = await portcullis.createKey();
    const token = await portcullis.issuer.token({ ...OPERATOR, scope: "openid" });
    const { code, err } = await ops(["revoke", "--key-id", key.id], { env: { PORTCULLIS_TOKEN: token } });
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining("role_required") });
    expect(await statusOf(key)).toBe(200);
  });

  test.each([
    ["as an argument", (key: string) => [key]],
    ["as a key id", (key: string) => ["--key-id", key]],
    ["in an option that there is not", (key: string) => [`--key=${key}`]],
    ["in a reason", (key: string) => ["--key-id", "key_000000000000", "--reason", `It was ${key}`]],
    ["in a JSON target", (key: string) => ["--key-id", JSON.stringify({ key })]],
  ])("a whole key on the command line, %s, which is not repeated", async (_, place) => {
    const key = await portcullis.createKey();
    const { code, out, err } = await ops(["revoke", ...place(key.key)]);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("--file");
    expect(err).not.toContain(secretOf(key));
    expect(await statusOf(key)).toBe(200);
  });
});

test("--help explains the commands and exits with 0", async () => {
  const { code, out } = await opsProcess(["--help"], { env: { PORTCULLIS_TOKEN: "" } });
  expect(code).toBe(0);
  expect(out).toContain("PORTCULLIS_TOKEN");
});

describe("reconcile", () => {
  async function eraseAnother(): Promise<void> {
    const admin = await portcullis.issuer.token(adminClaims({ org_id: "org_gone" }));
    await portcullis.call("POST", "/-/organization/bootstrap", { as: admin });
    const as = await portcullis.issuer.token(OPERATOR);
    const erased = await portcullis.call("DELETE", "/-/organization?orgId=org_gone", { as });
    expect(erased.status).toBe(200);
  }

  test("lists what differs by key, exits with 1 while it does, settles it, and then finds nothing", async () => {
    const key = await portcullis.createKey();
    const kv = await portcullis.miniflare.getKVNamespace("KEY_RECORDS", "edge0");
    while (
      (await kv.get(key.id)) === null ||
      (await kv.list({ prefix: "guard:org_test:" })).keys.length === 0
    );
    await eraseAnother();
    const { err } = await ops(["reconcile", "--fix"]);
    const known = (await registeredOrganizations(portcullis)).length;
    expect(err, "the erased one is gone through, too").toContain(`${known + 1} organisations,`);
    await kv.put(key.id, "{}");

    const found = await ops(["reconcile", "--org", "org_test"]);
    expect(found.out).toMatch(new RegExp(`^${key.id} +org_test +differs_from_kv +id +no$`, "m"));
    expect(found.code).toBe(1);
    const settled = await opsProcess(["reconcile", "--fix", "--output", "json"]);
    expect(JSON.parse(settled.out)).toMatchObject({
      summary: { differences: 1, settled: 1 },
      differences: [{ keyId: key.id, orgId: "org_test", settled: true }],
    });
    expect(settled.code).toBe(0);
    const again = await ops(["reconcile", "--output", "ndjson"]);
    expect(again.out).not.toContain(key.id);
    expect(again.code).toBe(0);
    expect(await statusOf(key)).toBe(200);
  });

  test("names a guard that cannot be reached, exits with 1, and looks there again", async () => {
    const group = groupOfKey((await portcullis.createKey()).id);
    await setOutage(portcullis, group, "guard unreachable");
    const reconcile = () => ops(["reconcile", "--org", "org_test", "--fix", "--output", "json"]);
    const found = await reconcile();
    await setOutage(portcullis, group, null);
    expect(readJson<{ differences: object[] }>(found.out).differences).toContainEqual(
      expect.objectContaining({ guard: group, difference: "guard_unreachable", settled: false }),
    );
    expect(found.code).toBe(1);
    const again = await reconcile();
    expect(again.out).not.toContain("guard_unreachable");
    expect(again.code).toBe(0);
  });

  test("of a wrong name says so", async () => {
    const call = async (body: object) =>
      portcullis.call("POST", "/-/ops/reconciliations", {
        as: await portcullis.issuer.token(OPERATOR),
        body,
      });
    expect((await call({ orgId: "org_nobody" })).status).toBe(404);
    const page = await call({ orgId: "org_test", limit: 1 });
    const { pagination } = await page.json<{ pagination: { nextCursor: string } }>();
    const elsewhere = await call({ orgId: "org_nobody", nextCursor: pagination.nextCursor });
    expect(elsewhere.status, "a place in one organisation is none in another").toBe(400);
    const { code, err } = await ops(["reconcile", "--org", "no organisation"]);
    expect(code).toBe(1);
    expect(err).toContain("--org must be the id of an organisation");
  });
});
