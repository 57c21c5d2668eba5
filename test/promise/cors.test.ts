import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { answerOk } from "../support/origin-server.ts";

import { requestText, sendRaw } from "../support/raw-http.ts";
import { usePortcullis } from "../support/started.ts";

const PATH = "/v1/vaults/vault_1";
const PAGE = "https://app.example";
/** An edge that every page may call, and one that none may. */
const [EVERYBODY, NOBODY] = [1, 2];
const UNREACHABLE = 3;
let others: Readonly<Record<"narrow" | "spent", string>>;

const portcullis = await usePortcullis({
  edges: [
    { vars: { CORS_ORIGINS: `${PAGE}, http://localhost:3000,capacitor://localhost` } },
    { vars: { CORS_ORIGINS: "*" } },
    {},
    { vars: { CORS_ORIGINS: PAGE, ORIGIN_URL: "http://127.0.0.1:1" } },
  ],
});
const key = await portcullis.createKey();
const authorization = `Authorization: Bearer ${key.key}`;
beforeAll(async () => {
  const narrow = await portcullis.createKey({ scopes: ["vault:write"] });
  const spent = await portcullis.createKey({ rateLimit: { requests: 1, windowSeconds: 3600 } });
  await portcullis.call("GET", PATH, { as: spent.key });
  others = {
    narrow: `Authorization: Bearer ${narrow.key}`,
    spent: `Authorization: Bearer ${spent.key}`,
  };
});
beforeEach(() => {
  portcullis.origin.handler = answerOk;
});

async function send(method: string, path: string, lines: readonly string[], edge = 0) {
  const before = portcullis.origin.requests.length;
  const response = await sendRaw(portcullis.edges[edge] ?? "", requestText(method, path, lines));
  const header = (name: string): string | undefined => response.values(name).join(" | ") || undefined;
  return { status: response.status, header, response, arrived: portcullis.origin.requests.slice(before) };
}

function preflight(path: string, method = "GET", lines: readonly string[] = [], edge = 0, origin = PAGE) {
  return send(
    "OPTIONS",
    path,
    [`Origin: ${origin}`, `Access-Control-Request-Method: ${method}`, ...lines],
    edge,
  );
}

const CORS_HEADER = /^access-control-/i;

describe("a preflight is answered without a credential, and the origin does not hear of it:", () => {
  test.each([
    [PAGE, 0, PAGE, "Origin"],
    ["http://localhost:3000", 0, "http://localhost:3000", "Origin"],
    ["capacitor://localhost", 0, "capacitor://localhost", "Origin"],
    ["https://anybody.example", EVERYBODY, "*", undefined],
    ["null", EVERYBODY, "*", undefined],
  ])("for a page of %s", async (origin, edge, allowed, vary) => {
    const lines = ["Access-Control-Request-Headers: authorization,content-type,x-trace"];
    const { status, header, response, arrived } = await preflight(PATH, "GET", lines, edge, origin);
    expect([status, response.body.length, arrived]).toEqual([204, 0, []]);
    expect(header("Access-Control-Allow-Origin")).toBe(allowed);
    expect(header("Access-Control-Allow-Methods")).toBe("GET");
    expect(header("Access-Control-Allow-Headers")).toBe("authorization, content-type, x-trace");
    expect(header("Access-Control-Max-Age")).toMatch(/^\d+$/);
    expect(header("Access-Control-Allow-Credentials")).toBeUndefined();
    expect(header("Vary")).toBe(vary);
    expect(header("X-Request-Id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("for HEAD, which follows GET", async () => {
    expect((await preflight(PATH, "HEAD")).header("Access-Control-Allow-Methods")).toBe("HEAD");
  });

  test("though a credential is sent, right or wrong", async () => {
    for (const line of [authorization, "Authorization: Bearer nonsense"]) {
      const { status, arrived } = await preflight(PATH, "GET", [line]);
      expect([status, arrived]).toEqual([204, []]);
    }
  });

  test("of the headers those that may reach the origin", async () => {
    const asked =
      "Authorization, X-Request-Id,X-Forwarded-For, cookie ,x_portcullis_vaults,,IF-NONE-MATCH,a b";
    const { header } = await preflight(PATH, "GET", [`Access-Control-Request-Headers: ${asked}`]);
    expect(header("Access-Control-Allow-Headers")).toBe("authorization, cookie, if-none-match");
  });
});

describe("a preflight is no way around the document:", () => {
  test.each([
    ["a path that is no operation's", "/v1/nothing", "GET", 404, "not_found"],
    ["a method that the path does not have", PATH, "DELETE", 405, "method_not_allowed"],
    ["a method in other letters", PATH, "get", 405, "method_not_allowed"],
    ["a path that could be two", "/v1//vaults", "GET", 400, "invalid_path"],
  ])("%s", async (_kind, path, method, status, code) => {
    const answer = await preflight(path, method);
    expect([answer.status, answer.arrived]).toEqual([status, []]);
    expect(JSON.parse(answer.response.body.toString())).toMatchObject({ error: { code } });
    expect(answer.header("Allow")).toBe(status === 405 ? "GET, HEAD" : undefined);
    expect(answer.header("Access-Control-Allow-Methods")).toBeUndefined();
    // A page may read why.
    expect(answer.header("Access-Control-Allow-Origin")).toBe(PAGE);
  });

  test.each([
    ["https://other.example", 0],
    ["https://app.example.evil.example", 0],
    ["http://app.example", 0],
    ["https://app.example:8443", 0],
    ["null", 0],
  ])("a page of %s is granted nothing", async (origin, edge) => {
    const { header, arrived } = await preflight(PATH, "GET", [], edge, origin);
    expect([header("Access-Control-Allow-Origin"), header("Vary"), arrived]).toEqual([
      undefined,
      "Origin",
      [],
    ]);
  });

  test.each([
    ["without CORS_ORIGINS", ["Origin: https://app.example", "Access-Control-Request-Method: GET"], NOBODY],
    ["without the method that it asks for", ["Origin: https://app.example"], 0],
    ["without an origin", ["Access-Control-Request-Method: GET"], 0],
  ])("OPTIONS %s is a request like any other", async (_kind, lines, edge) => {
    expect((await send("OPTIONS", PATH, lines, edge)).status).toBe(401);
    const allowed = await send("OPTIONS", PATH, [...lines, authorization], edge);
    expect([allowed.status, allowed.arrived]).toEqual([405, []]);
  });
});

describe("every answer says that the page may read it:", () => {
  test.each([
    ["success", PATH, () => [authorization], 0, 200],
    ["401", PATH, () => [], 0, 401],
    ["403", PATH, () => [others.narrow], 0, 403],
    ["429", PATH, () => [others.spent], 0, 429],
    ["404", "/v1/nothing", () => [authorization], 0, 404],
    ["400", "/v1//x", () => [authorization], 0, 400],
    ["405", PATH, () => [authorization], 0, 405],
    ["503", PATH, () => [authorization], UNREACHABLE, 503],
  ])("%s", async (_kind, path, lines, edge, status) => {
    const method = status === 405 ? "DELETE" : "GET";
    const answer = await send(method, path, [...lines(), `Origin: ${PAGE}`], edge);
    expect(answer.status).toBe(status);
    expect(answer.header("Access-Control-Allow-Origin")).toBe(PAGE);
    expect(answer.header("Vary")).toBe("Origin");
    const exposed = answer.header("Access-Control-Expose-Headers")?.split(", ");
    const read =
      "Retry-After ETag Link X-Request-Id X-RateLimit-Limit X-RateLimit-Remaining X-RateLimit-Reset";
    expect(exposed).toEqual(expect.arrayContaining([...read.split(" "), "RateLimit", "RateLimit-Policy"]));
  });

  test("and that another page may not", async () => {
    const { status, response } = await send("GET", PATH, [authorization, "Origin: https://other.example"]);
    expect(status).toBe(200);
    expect(response.headers.filter(([name]) => CORS_HEADER.test(name))).toEqual([]);
  });

  test("and the origin hears where the page is from", async () => {
    const { arrived } = await send("GET", PATH, [authorization, `Origin: ${PAGE}`]);
    expect(arrived[0]?.values("Origin")).toEqual([PAGE]);
  });
});

describe("what the origin says of pages", () => {
  const SAID = {
    "Access-Control-Allow-Origin": "https://evil.example",
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "X-Secret",
    "Access-Control-Allow-Headers": "*",
    Vary: "Accept",
  };
  beforeEach(() => {
    portcullis.origin.handler = (_request, response) => {
      response.writeHead(200, SAID).end("{}");
    };
  });

  test("is replaced", async () => {
    const { header, response } = await send("GET", PATH, [authorization, `Origin: ${PAGE}`]);
    expect(header("Access-Control-Allow-Origin")).toBe(PAGE);
    expect(header("Access-Control-Expose-Headers")).not.toContain("X-Secret");
    expect(header("Access-Control-Allow-Credentials")).toBeUndefined();
    expect(header("Access-Control-Allow-Headers")).toBeUndefined();
    expect(response.values("Vary").join(", ")).toBe("Accept, Origin");
  });

  test.each(["Origin", "accept-encoding,origin", "Origin , Accept"])(
    "is not said twice: Vary: %s",
    async (Vary) => {
      portcullis.origin.handler = (_request, response) => {
        response.writeHead(200, { Vary }).end("{}");
      };
      expect((await send("GET", PATH, [authorization, `Origin: ${PAGE}`])).header("Vary")).toBe(Vary);
    },
  );

  test("passes where the gateway has nothing to say of it", async () => {
    const { response } = await send("GET", PATH, [authorization, `Origin: ${PAGE}`], NOBODY);
    const said = Object.fromEntries(response.headers.filter(([name]) => CORS_HEADER.test(name)));
    const { Vary: _, ...expected } = SAID;
    expect(said).toEqual(expected);
  });
});
