import { z, type OpenAPIHono } from "@hono/zod-openapi";
import { exactly, type Exact } from "../api-types/exact.ts";
import {
  PersonKeysRevocation,
  PersonKeysRevoked,
  PersonList,
  PersonQuery,
  PersonSchema,
  type Person,
} from "../api-types/people.ts";
import { isoTime } from "../core/iso-time.ts";
import type { OrgPerson, PersonPosition } from "../core/organization/organization.ts";
import { isRefusal } from "../core/refusal.ts";
import { readCursor, writeCursor } from "./cursor.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";
import { receiptJson } from "./keys.ts";

const TAG = "People";
const PARAMS = z.strictObject({ id: z.string() });
const POSITION = { name: "string", id: "string" } as const;

/** `/-/people`: who has a role or a key here, and cutting somebody off in one act. */
export function addPeopleEndpoints(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "get",
    path: "/-/people",
    operationId: "listPeople",
    summary: "List everybody who has a role or a key, and SCIM users who have not signed in, by name",
    tag: TAG,
    query: PersonQuery,
    success: { 200: { description: "A page of people.", schema: PersonList } },
    refusals: ["role_required"],
    run: async ({ query: { limit, nextCursor: cursor, q = null } }, actor) => {
      const after = cursor === undefined ? null : readCursor<PersonPosition>(cursor, POSITION);
      if (isRefusal(after)) return after;
      const organization = control.env.ORGANIZATION.getByName(actor.orgId);
      const people = await organization.listPeople(actor, limit, after, q);
      if (isRefusal(people)) return people;
      const shown = people.slice(0, limit);
      const last = people.length > limit ? shown.at(-1) : undefined;
      const nextCursor = last === undefined ? null : writeCursor({ name: last.name, id: last.id });
      const data = shown.map(personJson);
      return { status: 200, body: exactly(PersonList, { data, pagination: { limit, nextCursor } }) };
    },
  });

  addEndpoint(app, control, {
    method: "get",
    path: "/-/people/{id}",
    operationId: "getPerson",
    summary: "Read somebody who has signed in, or whom SCIM knows",
    tag: TAG,
    params: PARAMS,
    success: { 200: { description: "The person.", schema: PersonSchema } },
    refusals: ["role_required", "not_found"],
    run: async ({ params }, actor) => {
      const person = await control.env.ORGANIZATION.getByName(actor.orgId).getPerson(actor, params.id);
      return isRefusal(person) ? person : { status: 200, body: personJson(person) };
    },
  });

  addEndpoint(app, control, {
    method: "post",
    path: "/-/people/{id}/revoke-keys",
    operationId: "revokePersonKeys",
    summary: "Revoke all keys of one person; they are dead everywhere when it answers",
    tag: TAG,
    params: PARAMS,
    body: PersonKeysRevocation,
    success: { 200: { description: "A receipt for each key.", schema: PersonKeysRevoked } },
    refusals: ["role_required", "not_found", "invalid_value", "admission_unavailable"],
    run: async ({ params, body }, actor) => {
      const organization = control.env.ORGANIZATION.getByName(actor.orgId);
      const receipts = await organization.revokePersonKeys(actor, params.id, body.reason);
      if (isRefusal(receipts)) return receipts;
      return { status: 200, body: exactly(PersonKeysRevoked, { receipts: receipts.map(receiptJson) }) };
    },
  });
}

function personJson(person: OrgPerson): Exact<Person> {
  return exactly(PersonSchema, { ...person, lastSignInAt: isoTime(person.lastSignInAt) });
}
