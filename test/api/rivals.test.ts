import { describe, expect, test } from "vitest";
import { isRefusal } from "../../src/core/refusal.ts";
import { canBothFit } from "../../src/api/rivals.ts";
import { parseTemplate, type PathTemplate } from "../../src/core/policy/path-template.ts";
import { compile, compilePolicy } from "../support/policy.ts";

const LIST = { items: "data", id: "id", resource: "thing/{id}" };

/** Places of the mistakes in a document with two operations, the first of which is a list. */
function mistakesOf(one: string, other: string): string[] {
  const paths: Record<string, Record<string, object>> = {};
  const add = (operation: string, value: object) => {
    const [method = "", path = ""] = operation.split(" ");
    (paths[path] ??= {})[method.toLowerCase()] = value;
  };
  add(one, { "x-portcullis-list": LIST });
  add(other, {});
  return compile({ openapi: "3.1.0", paths }).mistakes.map(({ where }) => where);
}

describe("a list and another operation that a request could be meant for as well are a mistake", () => {
  test.each([
    ["many segments of the same ending", "GET /v1/{+parent}/topics", "GET /v1/{+name}/topics"],
    ["one ending that may be part of the other", "GET /v1/{+parent}/topics", "GET /v1/{+name}/{what}"],
    ["parts of a segment", "GET /v1/{key}.json", "GET /v1/report-{name}"],
    ["HEAD, which is answered as GET", "GET /v1/{key}.json", "HEAD /v1/report-{name}"],
    ["a verb behind many segments", "GET /v1/{+name}:list", "GET /v1/{+parent}/{verb}"],
  ])("%s", (_, one, other) => {
    expect(mistakesOf(one, other)).toEqual([one]);
  });

  test.each([
    ["endings that differ", "GET /v1/{+parent}/topics", "GET /v1/{+parent}/subscriptions"],
    ["endings that differ further in front", "GET /v1/{+a}/topics/{t}", "GET /v1/{+a}/feeds/{f}"],
    ["verbs that differ behind many segments", "GET /v1/{+name}:list", "GET /v1/{+name}:pause"],
    ["beginnings that differ", "GET /v1/a-{key}", "GET /v1/b-{+path}"],
    ["suffixes that differ", "GET /v1/{key}.json", "GET /v1/{key}.xml"],
    ["what follows", "GET /v1/{key}.json/a", "GET /v1/x-{key}/b"],
    ["the number of segments", "GET /v1/{key}.json", "GET /v1/x-{key}/b"],
    ["their number alone", "GET /v1/{key}.json", "GET /v1/x-{key}/b.json"],
    ["their number before many", "GET /v1/{key}.json/a", "GET /v1/x-{key}/{+b}/c/a"],
    ["text, which goes before parameters", "GET /v1/topics", "GET /v1/{key}"],
    ["other methods", "GET /v1/{key}.json", "POST /v1/report-{name}"],
  ])("but not what is told apart by %s", (_, one, other) => {
    expect(mistakesOf(one, other)).toEqual([]);
  });
});

/** Every template of two segments that is made of these parts. */
function templatesOf(parts: readonly string[]): PathTemplate[] {
  return parts
    .flatMap((first) => parts.map((second) => templateOf(first, second)))
    .filter((template) => template !== null);
}

test("every pair of a document's operations is looked at", () => {
  const templates = templatesOf(["a", "b", "{p}", "{p}.a", "b-{p}", "{+p}", "{+p}:a"]);
  const list = (n: number) => ({ get: { "x-portcullis-list": { ...LIST, resource: `thing${n}/{id}` } } });
  const { mistakes } = compile({
    openapi: "3.1.0",
    paths: Object.fromEntries(templates.map(({ text }, n) => [text, list(n)])),
  });
  const expected = templates.flatMap((one) =>
    templates
      .filter((other) => other !== one && canBothFit(one, other))
      .map((other) => `GET ${one.text}, GET ${other.text}`),
  );
  const found = mistakes.map(({ where, problem }) => `${where}, ${/for (GET \S+),/.exec(problem)?.[1]}`);
  expect(expected.length).toBeGreaterThan(0);
  expect(found.toSorted()).toEqual(expected.toSorted());
});

test("two templates that some path fits equally well are never taken for told apart", () => {
  const known = templatesOf(["a", "b", "{p}", "{p}.a", "b-{p}", "{+p}", "{+p}:a"]);
  const texts = ["a", "b", "c.a", "b-c", "b-c.a", "c:a", "b-c:a"];
  const paths = texts.flatMap((x) =>
    texts.flatMap((y) => [`/${x}/${y}`, ...texts.map((z) => `/${x}/${y}/${z}`)]),
  );
  for (const [i, one] of known.entries()) {
    for (const other of known.slice(i + 1)) {
      if (canBothFit(one, other)) continue;
      const policy = compilePolicy({
        openapi: "3.1.0",
        paths: { [one.text]: { get: {} }, [other.text]: { get: {} } },
      });
      const shared = paths.find((path) => {
        const match = policy.match("GET", path);
        return match.kind === "operation" && match.also.length > 0;
      });
      expect(shared, `${one.text} ${other.text}`).toBeUndefined();
    }
  }
});

function templateOf(first: string, second: string): PathTemplate | null {
  const template = parseTemplate(`/${first.replace("p", "q")}/${second}`);
  return isRefusal(template) ? null : template;
}

test("HEAD beside a list is filtered as the list is", () => {
  const list = compilePolicy({
    openapi: "3.1.0",
    paths: { "/v1/things": { head: {}, get: { "x-portcullis-list": LIST }, post: {} } },
  });
  const lists = list.operations.map((operation) => [operation.method, operation.list?.items ?? null]);
  expect(lists).toEqual([
    ["HEAD", ["data"]],
    ["GET", ["data"]],
    ["POST", null],
  ]);
});
