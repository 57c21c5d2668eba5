import { expect, test } from "vitest";
import { applyOverlay } from "../../src/api/overlay.ts";
import { Findings, type JsonObject } from "../../src/api/problem.ts";
import { inlinePaths } from "../../src/api/references.ts";
import { compile } from "../support/policy.ts";
import { workOf } from "../support/work.ts";

const SMALL = 64;
/** Twice as much is twice the work, or a little more where something is sorted; were it the square, it would be four times. */
const MOST = 2.6;

function many<T>(count: number, one: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => one(i));
}

function named(count: number, one: (i: number) => readonly [string, unknown]): JsonObject {
  return Object.fromEntries(many(count, one));
}

function documentOf(paths: JsonObject, more: JsonObject = {}): JsonObject {
  return { openapi: "3.1.0", ...more, paths };
}

function pathsLike(template: (i: number) => string, item: (i: number) => JsonObject = () => ({ get: {} })) {
  return (count: number) => documentOf(named(count, (i) => [template(i), item(i)]));
}

test.each<[string, (count: number) => JsonObject]>([
  ["paths", pathsLike((i) => `/v1/a${i}`)],
  ["paths with parameters", pathsLike((i) => `/v1/a${i}/{x}/b/{y}`)],
  ["parameters with an end", pathsLike((i) => `/v1/{x}.a${i}`)],
  ["parameters with a beginning and an end", pathsLike((i) => `/v1/a${i}{x}b${i}/{y}:c`)],
  ["paths that overlap", pathsLike((i) => `/{a}/a${i}/{+b}`)],
  ["paths after many segments", pathsLike((i) => `/v1/{+p}/a${i}`)],
  ["paths that are the same", pathsLike((i) => `/v1/{x${i}}`)],
  [
    "operations of one id",
    pathsLike(
      (i) => `/v1/a${i}`,
      () => ({ get: { operationId: "a" } }),
    ),
  ],
  [
    "mistakes",
    pathsLike(
      (i) => `/v1/a${i}`,
      () => ({ get: { "x-portcullis-nothing": 1, security: 5 } }),
    ),
  ],
  [
    "servers",
    pathsLike(
      (i) => `/v1/a${i}`,
      (i) => ({ get: { servers: [{ url: `https://h${i}.example.com` }] } }),
    ),
  ],
  [
    "lists",
    pathsLike(
      (i) => `/t${i}`,
      (i) => ({ get: { "x-portcullis-list": { items: "data", id: "id", resource: `t${i}/{id}` } } }),
    ),
  ],
  ["segments", (count) => documentOf({ [`/${many(count, (i) => `{p${i}}`).join("/")}`]: { get: {} } })],
  [
    "parameters within a segment",
    (count) => documentOf({ [`/${many(count, (i) => `{p${i}}-`).join("")}`]: { get: {} } }),
  ],
  [
    "declared parameters",
    (count) =>
      documentOf({ "/v1/{x}": { parameters: many(count, (i) => ({ name: `p${i}`, in: "path" })), get: {} } }),
  ],
  [
    "alternatives of security",
    (count) =>
      documentOf({ "/v1/a": { get: { security: many(count, (i) => ({ key: [`vault/${i}:read`] })) } } }),
  ],
  [
    "scopes",
    (count) =>
      documentOf({ "/v1/vault": { get: { "x-portcullis-scopes": many(count, (i) => `vault/${i}:read`) } } }),
  ],
  [
    "resource types",
    (count) =>
      documentOf(
        named(count, (i) => [`/t${i}/{x}`, { get: {} }]),
        { "x-portcullis-resources": named(count, (i) => [`t${i}`, { segments: [{ name: "id" }] }]) },
      ),
  ],
  [
    "paths that refer to one",
    (count) =>
      documentOf(
        named(count, (i) => [`/v1/a${i}`, { $ref: "#/components/pathItems/one" }]),
        { components: { pathItems: { one: { get: {} } } } },
      ),
  ],
  [
    "references one after another",
    (count) =>
      documentOf(
        { "/v1/a": { $ref: "#/components/pathItems/i0" } },
        {
          components: {
            pathItems: named(count, (i) => [`i${i}`, { $ref: `#/components/pathItems/i${i + 1}` }]),
          },
        },
      ),
  ],
])("a document with twice as many %s is not four times the work", (_, make) => {
  const work = (count: number) => {
    const document = make(count);
    return workOf(() => compile(document));
  };
  work(1);
  expect(work(2 * SMALL) / work(SMALL)).toBeLessThan(MOST);
});

test.each<[string, (i: number) => JsonObject]>([
  ["a path each", (i) => ({ target: `$.paths['/a${i}']`, update: { get: {} } })],
  ["a path each, that go", (i) => ({ target: `$.paths['/a${i}']`, remove: true })],
  ["nothing", (i) => ({ target: `$.paths['/b${i}']`, update: { get: {} } })],
])("an overlay with twice as many actions is not four times the work: of %s", (_, action) => {
  const document = documentOf(named(2 * SMALL, (i) => [`/a${i}`, { put: {} }]));
  const work = (count: number) => {
    const overlay = { overlay: "1.0.0", info: { title: "t", version: "1" }, actions: many(count, action) };
    const findings = new Findings();
    const whole = inlinePaths(document, findings);
    return workOf(() => applyOverlay(whole, overlay, findings));
  };
  work(1);
  expect(work(2 * SMALL) / work(SMALL)).toBeLessThan(MOST);
});

test("work that grows with the square is seen to", () => {
  const work = (count: number) => workOf(() => many(count, () => many(count, (i) => i + 1)));
  work(1);
  expect(work(2 * SMALL) / work(SMALL)).toBeGreaterThan(MOST);
});
