import { beforeAll, describe, expect, test } from "vitest";
import { mistyped } from "../support/key-strings.ts";
import { freshAddress, type CreatedKey } from "../support/portcullis.ts";
import { requestText, sendRaw, sendThenRead } from "../support/raw-http.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
const BODY = Buffer.alloc(5_000_000, "x");
const keys = {} as Record<"open" | "elsewhere" | "narrow" | "spent", CreatedKey>;

const portcullis = await usePortcullis({
  edges: [{}, { guard: "BrokenGuard" }],
});
beforeAll(async () => {
  keys.open = await portcullis.createKey();
  keys.elsewhere = await portcullis.createKey({ allowedIps: ["192.0.2.1"] });
  keys.narrow = await portcullis.createKey({ vaults: ["vault_2"] });
  keys.spent = await portcullis.createKey({ rateLimit: { requests: 1, windowSeconds: 3600 } });
  expect((await portcullis.call("GET", PATH, { as: keys.spent.key })).status).toBe(200);
});

interface Refused {
  readonly name: string;
  readonly as?: () => string;
  readonly method?: string;
  readonly path?: () => string;
  readonly edge?: number;
  readonly status: number;
  readonly code: string;
}

const REFUSALS: readonly Refused[] = [
  { name: "no credential", status: 401, code: "credential_missing" },
  { name: "no key", as: () => "nonsense", status: 401, code: "credential_malformed" },
  { name: "a mistyped key", as: () => mistyped(keys.open.key), status: 401, code: "api_key_invalid" },
  { name: "the wrong address", as: () => keys.elsewhere.key, status: 403, code: "ip_not_allowed" },
  { name: "a limit that is used up", as: () => keys.spent.key, status: 429, code: "rate_limited" },
  {
    name: "a guard that does not answer",
    as: () => keys.open.key,
    edge: 1,
    status: 503,
    code: "admission_unavailable",
  },
  {
    name: "a path that is none",
    as: () => keys.open.key,
    path: () => "/v1//x",
    status: 400,
    code: "invalid_path",
  },
  { name: "no operation", as: () => keys.open.key, path: () => "/v1/x", status: 404, code: "not_found" },
  { name: "no such method", as: () => keys.open.key, status: 405, code: "method_not_allowed" },
  {
    name: "a credential in the URL",
    path: () => `${PATH}?key=${keys.open.key}`,
    status: 400,
    code: "credential_in_url",
  },
  {
    name: "a body where none may be",
    as: () => keys.open.key,
    method: "GET",
    status: 400,
    code: "invalid_request",
  },
  { name: "a vault of others", as: () => keys.narrow.key, method: "GET", status: 404, code: "not_found" },
  {
    name: "no token for the control API",
    path: () => "/-/api-keys",
    status: 401,
    code: "credential_missing",
  },
  { name: "no endpoint of the control API", path: () => "/-/nothing", status: 404, code: "not_found" },
];

const FRAMINGS = [
  { framing: "of a known length", head: `Content-Length: ${BODY.length}`, before: "", after: "" },
  {
    framing: "in one chunk",
    head: "Transfer-Encoding: chunked",
    before: `${BODY.length.toString(16)}\r\n`,
    after: "\r\n0\r\n\r\n",
  },
];

describe.each(FRAMINGS)("a client that sends 5 MB before it reads learns of ($framing)", (framing) => {
  test.each(REFUSALS)("$name", async ({ as, method = "POST", path = () => PATH, edge = 0, status, code }) => {
    const lines = [
      `CF-Connecting-IP: ${freshAddress()}`,
      framing.head,
      ...(as === undefined ? [] : [`Authorization: Bearer ${as()}`]),
    ];
    const head = requestText(method, path(), lines);
    const request = Buffer.concat([Buffer.from(head + framing.before), BODY, Buffer.from(framing.after)]);
    const response = await sendThenRead(portcullis.edges[edge] ?? "", request);
    expect(response.status).toBe(status);
    expect(JSON.parse(response.body.toString())).toMatchObject({ error: { code } });
  });
});

test("a client that asks first is refused without its body", async () => {
  const response = await sendRaw(
    portcullis.edges[0] ?? "",
    requestText("POST", PATH, ["Expect: 100-continue", `Content-Length: ${BODY.length}`]),
  );
  expect(response.status).toBe(401);
});
