import { z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Wire } from "../api-types/common.ts";
import { exactly, type Exact } from "../api-types/exact.ts";
import {
  ServiceUserCreation,
  ServiceUserList,
  ServiceUserQuery,
  ServiceUserSchema,
  ServiceUserUpdate,
} from "../api-types/service-users.ts";
import { isoTime } from "../core/iso-time.ts";
import type {
  Actor,
  ServiceUser,
  ServiceUserChange,
  UserPosition,
} from "../core/organization/organization.ts";
import type { OwnedKeys } from "../core/organization/managed-key.ts";
import { isRefusal, type Result } from "../core/refusal.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";

const TAG = "Service users";
const Created = z.object({
  Location: z.string().openapi({ example: "/-/service-users/svc_6f1e0d9c8b7a4f3e9d2c1b0a5f4e3d2c" }),
});

const Params = z.strictObject({ id: z.string() });

/** `/-/service-users`: users that have keys and cannot sign in. */
export function addServiceUserEndpoints(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "get",
    path: "/-/service-users",
    operationId: "listServiceUsers",
    summary: "List service users, the oldest first",
    tag: TAG,
    query: ServiceUserQuery,
    success: { 200: { description: "A page of service users.", schema: ServiceUserList } },
    refusals: ["role_required"],
    run: async ({ query }, actor) => {
      const { limit, nextCursor: cursor, q = null, include } = query;
      const after = cursor === undefined ? null : readCursor<UserPosition>(cursor, POSITION);
      if (isRefusal(after)) return after;
      const organization = organizationOf(actor, control);
      const users = await organization.listServiceUsers(actor, limit, after, q);
      if (isRefusal(users)) return users;
      const shown = users.slice(0, limit);
      const ids = include === undefined ? [] : shown.map(({ id }) => id);
      const owned = await organization.ownedKeys(actor, ids);
      if (isRefusal(owned)) return owned;
      const last = users.length > limit ? shown.at(-1) : undefined;
      const nextCursor = last === undefined ? null : writeCursor({ createdAt: last.createdAt, id: last.id });
      const data = shown.map((user) => userJson(user, owned.get(user.id)));
      return { status: 200, body: exactly(ServiceUserList, { data, pagination: { limit, nextCursor } }) };
    },
  });

  addEndpoint(app, control, {
    method: "post",
    path: "/-/service-users",
    operationId: "createServiceUser",
    summary: "Create a service user",
    tag: TAG,
    body: ServiceUserCreation,
    success: { 201: { description: "The service user.", schema: ServiceUserSchema, headers: Created } },
    refusals: ["role_required", "mfa_required", "invalid_value"],
    run: async ({ body }, actor) => {
      const draft = { description: null, vaultRoles: {}, active: true, ...definedOf(body), name: body.name };
      const id = `svc_${crypto.randomUUID().replaceAll("-", "")}`;
      const user = await organizationOf(actor, control).createServiceUser(actor, id, draft);
      if (isRefusal(user)) return user;
      return { status: 201, body: userJson(user), headers: { Location: `/-/service-users/${user.id}` } };
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
      userReply(await organizationOf(actor, control).getServiceUser(actor, params.id)),
  });

  addEndpoint(app, control, {
    method: "patch",
    path: "/-/service-users/{id}",
    operationId: "updateServiceUser",
    summary: "Change a service user; its keys follow before it answers",
    tag: TAG,
    params: Params,
    body: ServiceUserUpdate,
    success: { 200: { description: "The service user as it is now.", schema: ServiceUserSchema } },
    refusals: ["role_required", "mfa_required", "not_found", "invalid_value", "admission_unavailable"],
    run: async ({ params, body }, actor) =>
      userReply(await organizationOf(actor, control).updateServiceUser(actor, params.id, definedOf(body))),
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
function definedOf(
  body: z.output<typeof ServiceUserUpdate> | z.output<typeof ServiceUserCreation>,
): ServiceUserChange {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

function userReply(user: Result<ServiceUser>): Result<UserReply> {
  return isRefusal(user) ? user : { status: 200, body: userJson(user) };
}

interface UserReply {
  readonly status: 200;
  readonly body: Exact<Wire<typeof ServiceUserSchema>>;
}

function userJson(kept: ServiceUser, owned?: OwnedKeys): Exact<Wire<typeof ServiceUserSchema>> {
  const { id, name, description, vaultRoles, active, createdAt } = kept;
  const told = owned && { keys: owned.keys, lastUsedAt: isoTime(owned.lastUsedAt) };
  const user = { id, name, description, vaultRoles, active, createdAt: isoTime(createdAt) };
  return exactly(ServiceUserSchema, { ...user, ...told });
}
