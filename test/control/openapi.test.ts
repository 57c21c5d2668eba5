import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { OpenApiDocument } from "../support/openapi-check.ts";

import { readJson } from "../support/json.ts";
import { usePortcullis } from "../support/started.ts";

const portcullis = await usePortcullis();
const document = await (await portcullis.call("GET", "/-/openapi.json")).json<OpenApiDocument>();

describe("the OpenAPI document", () => {
  const operations = () =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({ name: `${method} ${path}`, path, operation })),
    );

  test("is of OpenAPI 3.1 and describes what this API serves", () => {
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect(operations().map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "get /-/healthz",
        "get /-/readyz",
        "post /-/api-keys",
        "get /-/api-keys",
        "get /-/api-keys/{id}",
        "patch /-/api-keys/{id}",
        "delete /-/api-keys/{id}",
        "post /-/api-keys/{id}/impact",
        "get /-/organization",
        "post /-/organization/bootstrap",
      ]),
    );
  });

  test("names each operation once, and each of its path parameters", () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { name, path, operation } of operations()) {
      const described = (operation.parameters ?? []).filter((p) => p.in === "path").map((p) => p.name);
      expect([name, described]).toEqual([name, [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])]);
    }
  });

  test("describes every refusal of an operation with the one error schema, OAuth's with its own", () => {
    for (const { name, operation } of operations()) {
      for (const [status, answer] of Object.entries(operation.responses)) {
        if (Number(status) < 400 || name === "get /-/readyz") continue;
        const schema = answer.content?.["application/json"]?.schema;
        const own = name.includes("/-/oauth/") ? "OAuthError" : "Error";
        expect([name, status, schema]).toEqual([name, status, { $ref: `#/components/schemas/${own}` }]);
      }
    }
  });

  test("names the headers that come with an answer", () => {
    const expected: Readonly<Record<string, string>> = {
      401: "WWW-Authenticate",
      405: "Allow",
      429: "Retry-After",
      503: "Retry-After",
    };
    for (const { name, operation } of operations()) {
      for (const [status, { headers }] of Object.entries(operation.responses)) {
        const names = ["X-Request-Id", ...(expected[status] === undefined ? [] : [expected[status]])];
        expect([name, status, Object.keys(headers ?? {})]).toEqual([
          name,
          status,
          expect.arrayContaining(names),
        ]);
      }
    }
  });

  test("describes no header parameter that OpenAPI ignores", () => {
    const ignored = operations().flatMap(({ operation }) =>
      (operation.parameters ?? []).filter((p) => /^(accept|content-type|authorization)$/i.test(p.name)),
    );
    expect(ignored).toEqual([]);
  });

  test("takes for the overlap of a rotation what the API takes, and no body at all", () => {
    const schema = readJson<z.core.JSONSchema.JSONSchema>(
      JSON.stringify(document.components.schemas["KeyRotation"]),
    );
    const rotation = z.fromJSONSchema(schema);
    for (const overlap of [0, "0", "24h"]) expect(rotation.safeParse({ overlap }).success).toBe(true);
    expect(rotation.safeParse({ overlap: 1 }).success).toBe(false);
    const rotate = operations().find(({ path }) => path.endsWith("/rotate"));
    expect(rotate?.operation).toHaveProperty("requestBody.required", false);
  });

  test("says that there is SCIM", () => {
    expect(document).toHaveProperty("info.description", expect.stringContaining("/-/scim/v2/"));
  });

  test("refers to nothing that it does not hold", () => {
    const text = JSON.stringify(document);
    const targets = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? "");
    expect(targets.length).toBeGreaterThan(0);
    for (const target of new Set(targets)) {
      const name = /^#\/components\/schemas\/(\w+)$/.exec(target)?.[1] ?? "";
      expect(document.components.schemas, target).toHaveProperty(name);
    }
    const security = [...text.matchAll(/"security":\[\{"(\w+)"/g)].map((match) => match[1]);
    for (const scheme of new Set(security)) {
      expect(document.components).toHaveProperty(`securitySchemes.${scheme}`);
    }
  });

  test("has examples that its own schemas take", () => {
    const check = (schema: Readonly<Record<string, unknown>>): void => {
      if (schema["example"] !== undefined && !("$ref" in schema)) {
        const { example, ...rest } = schema;
        const closed = readJson<z.core.JSONSchema.JSONSchema>(
          JSON.stringify({ ...rest, $defs: document.components.schemas }).replaceAll(
            "#/components/schemas/",
            "#/$defs/",
          ),
        );
        expect(z.fromJSONSchema(closed).safeParse(example).success, JSON.stringify(schema)).toBe(true);
      }
      for (const member of Object.values(schema)) {
        if (typeof member === "object" && member !== null) check(member as Record<string, unknown>);
      }
    };
    check(document as unknown as Record<string, unknown>);
  });
});
