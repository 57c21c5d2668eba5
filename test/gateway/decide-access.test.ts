import { describe, expect, test } from "vitest";
import { compileAccess } from "../../src/core/access/access.ts";
import { parseScope, type Scope } from "../../src/core/policy/scope.ts";
import { isRefusal } from "../../src/core/refusal.ts";
import { decideFor } from "../../src/gateway/decide-access.ts";
import { compilePolicy } from "../support/policy.ts";

const listOf = (action: string) => ({
  get: {
    "x-portcullis-scopes": [`red:${action}`],
    "x-portcullis-resource": null,
    "x-portcullis-list": { items: "data", id: "id", resource: "red/{id}" },
  },
});
const PATH = "/a/report-1.json";
/** Neither of the two templates that fit it is the more specific. */
const POLICY = compilePolicy({
  openapi: "3.1.0",
  "x-portcullis-resources": { red: { segments: [{ name: "id" }] } },
  paths: { "/a/{x}.json": listOf("read"), "/a/report-{y}": listOf("write") },
});

function decided(...scopes: readonly string[]) {
  const match = POLICY.match("GET", PATH);
  if (match.kind !== "operation") throw new Error(match.kind);
  expect(match.also).toHaveLength(1);
  const access = compileAccess({
    scopes: scopes.map((text) => parseScope(text) as Scope),
    vaults: "*",
    ownerVaults: "*",
  });
  const route = { ...match, path: PATH, query: "", origin: null };
  return decideFor({ access, identityHeaders: [], identityClaims: {}, assertions: new Map() }, route);
}

describe("a list that fits two templates", () => {
  test.each<[readonly string[], readonly string[] | "every"]>([
    [["red:*"], "every"],
    [["red/1:read", "red:write"], ["1"]],
    [["red:read", "red/2:write"], ["2"]],
    [["red/1:read", "red/2:read", "red/2:write", "red/3:write"], ["2"]],
    [["red/1:read", "red/2:write"], []],
  ])("shows with %j what may be seen by both: %j", (scopes, ids) => {
    const decision = decided(...scopes);
    if (isRefusal(decision)) throw new Error(decision.code);
    const { visible } = decision;
    expect(visible === null ? "every" : ["1", "2", "3"].filter(visible)).toEqual(ids);
  });

  test.each([["red:read"], ["red:write"]])("is refused with %s, which allows one of them", (scope) => {
    expect(isRefusal(decided(scope))).toBe(true);
  });
});
