import { expect, test } from "vitest";
import { NDJSON } from "../../src/core/http/ndjson.ts";
import { developerOn, NEW_KEY, startControl } from "../support/control.ts";
import { importLine, foreignKey } from "../support/imports.ts";
import { compileOpenApi, type OpenApiDocument } from "../support/openapi-check.ts";
import { OPERATOR } from "../support/operators.ts";
import { startReceiver } from "../support/webhook-receiver.ts";

const FORM = "application/x-www-form-urlencoded";
/** What GitHub alone can sign, and what the product sends itself; both are held against the document elsewhere. */
const ELSEWHERE = ["reportGithubLeaks", "receiveKeyEvent"];

type Json = Record<string, unknown>;

test("every operation has an answer that holds all that the document describes, and nothing else", async () => {
  const control = await startControl();
  const receiver = await startReceiver();
  const document = await (await control.call("GET", "/-/openapi.json")).json<OpenApiDocument>();
  const check = compileOpenApi(document);
  const organization = await control.newOrganization();
  const { id: orgId, admin } = organization;
  const bob = organization.member("bob", developerOn("vault_1"));
  const operator = control.person({ ...OPERATOR, org_id: orgId, vault_roles: { "*": ["developer"] } });
  const answered = new Set<string>();

  const note = (method: string, path: string, { status }: Response) => {
    expect([method, path, status]).toEqual([method, path, expect.toSatisfy((code: number) => code < 300)]);
    answered.add(operationAt(document, method, path));
  };
  /** A call whose answer is held against the document; its body, if it is one JSON object. */
  const call = async (who: typeof admin, method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await who.call(method, path, body);
    const text = await answer.text();
    note(method, path, answer);
    return (
      answer.headers.get("Content-Type")?.includes(NDJSON) || text === "" ? {} : JSON.parse(text)
    ) as Json;
  };
  const send = async (path: string, type: string, body: string, as: string | null): Promise<Json> => {
    const answer = await fetch(`${control.edges[0]}${path}`, {
      method: "POST",
      headers: { "Content-Type": type, ...(as !== null && { Authorization: as }) },
      body,
    });
    await check("POST", path, answer.clone());
    note("POST", path, answer);
    return type === FORM ? ((await answer.json().catch(() => ({}))) as Json) : {};
  };
  const idOf = ({ id }: Json) => String(id);

  try {
    for (const path of ["healthz", "readyz", "jwks.json"]) await call(admin, "GET", `/-/${path}`);
    for (const name of ["authorization-server", "protected-resource"]) {
      await call(admin, "GET", `/.well-known/oauth-${name}`);
    }
    const fresh = control.person({ ...OPERATOR, sub: "first", org_id: `${orgId}_new`, roles: ["admin"] });
    await call(fresh, "POST", "/-/organization/bootstrap");

    const key = await call(admin, "POST", "/-/api-keys", NEW_KEY);
    const keyPath = `/-/api-keys/${idOf(key)}`;
    expect((await control.call("GET", "/v1/vaults/vault_1", { as: String(key["key"]) })).status).toBe(200);
    for (const path of ["", "/counts"]) await call(admin, "GET", `/-/api-keys${path}`);
    await call(admin, "POST", "/-/api-keys/search", { key: key["key"] });
    for (const path of ["", "/usage?window=1h"]) await call(admin, "GET", `${keyPath}${path}`);
    await call(admin, "POST", `${keyPath}/impact`, { scopes: ["vault/vault_2:read"] });
    await call(admin, "PATCH", keyPath, { description: "x" });

    const credentials = { client_id: idOf(key), client_secret: String(key["key"]) };
    const granted = { grant_type: "client_credentials", ...credentials };
    const { access_token: token } = await send("/-/oauth/token", FORM, form(granted), null);
    const shown = form({ token: String(token), ...credentials });
    for (const path of ["introspect", "revoke"]) await send(`/-/oauth/${path}`, FORM, shown, null);
    await call(admin, "GET", `/-/organizations/${orgId}/jwks.json`);

    const successor = await call(admin, "POST", `${keyPath}/rotate`, { overlap: 0 });
    await call(admin, "DELETE", `/-/api-keys/${idOf(successor)}`);
    const mine = await bob.createKey({ vaults: ["vault_1"] });
    await call(bob, "POST", "/-/api-keys/acts", { act: "disable", keyIds: [mine.id] });

    for (const path of ["people", "people/bob", "me", "vaults", "usage", "audit-events", "organization"]) {
      await call(admin, "GET", `/-/${path}`);
    }
    for (const path of ["credentials", "export"]) await call(admin, "GET", `/-/organization/${path}`);
    await call(admin, "POST", "/-/people/bob/revoke-keys", { reason: "x" });
    await call(admin, "POST", "/-/organization/scim-token");
    await call(admin, "POST", "/-/organization/signing-key/rotate");

    const roles = { vaultRoles: { vault_1: ["developer"] } };
    const service = await call(admin, "POST", "/-/service-users", { name: "Batch", ...roles });
    const servicePath = `/-/service-users/${idOf(service)}`;
    await call(admin, "GET", "/-/service-users?include=keys");
    await call(admin, "GET", servicePath);
    await call(admin, "POST", `${servicePath}/impact`, { vaultRoles: {} });
    await call(admin, "PATCH", servicePath, { description: "x" });
    await call(admin, "DELETE", servicePath);

    const webhook = "/-/organization/webhook";
    await call(admin, "PUT", webhook, { url: receiver.url });
    await call(admin, "GET", webhook);
    await call(admin, "POST", `${webhook}/test`);
    await call(admin, "POST", `${webhook}/rotate-secret`);
    const { data } = await call(admin, "GET", `${webhook}/deliveries`);
    const [delivery] = data as Json[];
    await call(admin, "POST", `${webhook}/deliveries/${idOf(delivery ?? {})}/resend`);
    await call(admin, "DELETE", webhook);

    const ops = `Bearer ${await control.issuer.token({ ...OPERATOR, org_id: orgId })}`;
    const line = JSON.stringify(importLine(foreignKey(), { orgId, ownerId: "alice" }));
    await send("/-/ops/imports", NDJSON, `${line}\n`, ops);
    await call(operator, "POST", "/-/ops/reconciliations", { orgId });
    await call(operator, "GET", "/-/ops/organizations");
    await call(operator, "POST", "/-/ops/signing-key/rotate");
    const other = await admin.createKey();
    await call(operator, "POST", "/-/ops/leaks", { leaks: [{ token: other.key }] });
    await call(operator, "POST", "/-/ops/revocations", { targets: [{ orgId, ownerId: "bob" }], reason: "x" });
    await call(operator, "GET", "/-/ops/revocations");
    await call(operator, "DELETE", "/-/organization");
  } finally {
    await control.stop();
    await receiver.stop();
  }
  const described = Object.values(document.paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  );
  expect(described.filter((id) => !answered.has(id) && !ELSEWHERE.includes(id))).toEqual([]);
});

function form(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString();
}

/** The operation at a path, one without parameters before others. */
function operationAt(document: OpenApiDocument, method: string, path: string): string {
  const plain = path.replace(/\?.*/, "");
  const fits = (template: string) =>
    new RegExp(`^${template.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(plain);
  const item = document.paths[plain] ?? document.paths[Object.keys(document.paths).find(fits) ?? ""];
  return item?.[method.toLowerCase()]?.operationId ?? "";
}
