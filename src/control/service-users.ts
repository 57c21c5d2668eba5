import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { isoTime } from "../core/iso-time.ts";
import type { Actor, ServiceUser, ServiceUserChange, UserPosition } from "../core/organization.ts";
import { DEVELOPER } from "../core/organization.ts";
import { isRefusal, type Refusal } from "../core/refusal.ts";
import { PLAIN_SEGMENT } from "../core/scope.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { addEndpoint, type Control, type ControlEnv, type Reply } from "./endpoint.ts";
import { Limit, Name, Pagination, Timestamp } from "./schemas.ts";

const TAG = "Service users";
const MAX_VAULTS = 500;

const VaultRoles = z
  .record(
    z
      .string()
      .refine((vault) => vault === "*" || PLAIN_SEGMENT.test(vault), "Must be the id of a vault, or *"),
    z.array(z.string().refine((role) => role === DEVELOPER, `The only role is ${DEVELOPER}`)),
  )
  .refine((roles) => Object.keys(roles).length <= MAX_VAULTS, `At most ${MAX_VAULTS} vaults`)
  .openapi({ example: { vault_3f8a2c1d9b: [DEVELOPER] } });

const Fields = z.strictObject({
  name: Name,
  description: z.string().max(500, "Must have at most 500 characters").nullable(),
  vaultRoles: VaultRoles,
  active: z.boolean(),
});

const Created = z.object({
  Location: z.string().openapi({ example: "/-/service-users/svc_6f1e0d9c8b7a4f3e9d2c1b0a5f4e3d2c" }),
});

const Creation = Fields.partial({ description: true, vaultRoles: true, active: true }).openapi(
  "ServiceUserCreation",
);
const Update = Fields.partial().openapi("ServiceUserUpdate");
const Params = z.strictObject({ id: z.string() });
const ListQuery = z.strictObject({ limit: Limit, nextCursor: z.string().optional() });

const ServiceUserSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    vaultRoles: z.record(z.string(), z.array(z.string())),
    active: z.boolean(),
    createdAt: Timestamp,
  })
  .openapi("ServiceUser");
const ServiceUserList = z
  .object({ data: z.array(ServiceUserSchema), pagination: Pagination })
  .openapi("ServiceUserList");

/** `/-/service-users`: users that have keys and cannot sign in. */
export function addServiceUserEndpoints(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "get",
    path: "/-/service-users",
    operationId: "listServiceUsers",
    summary: "List service users, the oldest first",
    tag: TAG,
    query: ListQuery,
    success: { 200: { description: "A page of service users.", schema: ServiceUserList } },
    refusals: ["role_required"],
    run: async ({ query }, actor) => {
      const { limit, nextCursor: cursor } = query;
      const after = cursor === undefined ? null : readCursor<UserPosition>(cursor, POSITION);
      if (after !== null && isRefusal(after)) return after;
      const users = await organizationOf(actor, control).listServiceUsers(actor, limit, after);
      if (isRefusal(users)) return users;
      const shown = users.slice(0, limit);
      const last = users.length > limit ? shown.at(-1) : undefined;
      const nextCursor = last === undefined ? null : writeCursor({ createdAt: last.createdAt, id: last.id });
      return { status: 200, body: { data: shown.map(userJson), pagination: { limit, nextCursor } } };
    },
  });

  addEndpoint(app, control, {
    method: "post",
    path: "/-/service-users",
    operationId: "createServiceUser",
    summary: "Create a service user",
    tag: TAG,
    body: Creation,
    success: { 201: { description: "The service user.", schema: ServiceUserSchema, headers: Created } },
    refusals: ["role_required", "mfa_required", "invalid_value"],
    run: async ({ body }, actor) => {
      const draft = { description: null, vaultRoles: {}, active: true, ...definedOf(body), name: body.name };
      const id = `svc_${crypto.randomUUID().replaceAll("-", "")}`;
      return userReply(201, await organizationOf(actor, control).createServiceUser(actor, id, draft));
    },
  });

  addEndpoint(app, control, {
    method: "get",
    path: "/-/service-users/{id}",
    operationId: "getServiceUser",
    summary: "Read a service user",
    tag: TAG,
    params: Params,
    success: { 200: { description: "The service user.", schema: ServiceUserSchema } },
    refusals: ["role_required", "not_found"],
    run: async ({ params }, actor) =>
      userReply(200, await organizationOf(actor, control).getServiceUser(actor, params.id)),
  });

  addEndpoint(app, control, {
    method: "patch",
    path: "/-/service-users/{id}",
    operationId: "updateServiceUser",
    summary: "Change a service user; its keys follow before it answers",
    tag: TAG,
    params: Params,
    body: Update,
    success: { 200: { description: "The service user as it is now.", schema: ServiceUserSchema } },
    refusals: ["role_required", "mfa_required", "not_found", "invalid_value", "admission_unavailable"],
    run: async ({ params, body }, actor) =>
      userReply(
        200,
        await organizationOf(actor, control).updateServiceUser(actor, params.id, definedOf(body)),
      ),
  });

  addEndpoint(app, control, {
    method: "delete",
    path: "/-/service-users/{id}",
    operationId: "deleteServiceUser",
    summary: "Delete a service user and revoke its keys",
    tag: TAG,
    params: Params,
    success: { 204: { description: "It is gone, and its keys are dead everywhere." } },
    refusals: ["role_required", "not_found", "admission_unavailable"],
    run: async ({ params }, actor) => {
      const deleted = await organizationOf(actor, control).deleteServiceUser(actor, params.id);
      return isRefusal(deleted) ? deleted : { status: 204 };
    },
  });
}

const POSITION = { createdAt: "number", id: "string" } as const;

function organizationOf(actor: Actor, control: Control) {
  return control.env.ORGANIZATION.getByName(actor.orgId);
}

/** The fields that a request has given. */
function definedOf(body: z.output<typeof Update> | z.output<typeof Creation>): ServiceUserChange {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

function userReply(status: 200 | 201, user: ServiceUser | Refusal): Reply | Refusal {
  if (isRefusal(user)) return user;
  const headers = status === 201 ? { Location: `/-/service-users/${user.id}` } : {};
  return { status, body: userJson(user), headers };
}

function userJson(user: ServiceUser): object {
  const { id, name, description, vaultRoles, active, createdAt } = user;
  return { id, name, description, vaultRoles, active, createdAt: isoTime(createdAt) };
}
