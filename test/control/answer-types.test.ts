import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { expect, test } from "vitest";
import { exactly } from "../../src/api-types/exact.ts";
import { PersonList } from "../../src/api-types/people.ts";
import { resourceOf, ScimErrorSchema, ServedSchema, ToldSchema } from "../../src/api-types/scim.ts";
import type { ScimObject } from "../../src/core/scim/object.ts";
import { answerJson, answerList } from "../../src/control/scim/answer.ts";
import { addEndpoint } from "../../src/control/endpoint.ts";
import type { Control, ControlEnv } from "../../src/control/context.ts";
import { LineStream } from "../../src/control/line-stream.ts";
import type { ReplyOf } from "../../src/control/reply.ts";

const Thing = z.object({ name: z.string(), size: z.int().nullable() });
const BigThing = Thing.extend({ weight: z.int() });
const Part = z.object({ part: z.string() });

/** An endpoint with an answer of each kind. */
const described = {
  method: "get",
  path: "/-/thing",
  operationId: "getThing",
  summary: "Read a thing",
  tag: "Things",
  success: {
    200: { description: "It.", schema: Thing, lines: Part },
    201: { description: "Made.", schema: PersonList, headers: z.object({ Location: z.string() }) },
    204: { description: "Gone." },
  },
  refusals: [],
} as const;

type Run = () => Promise<ReplyOf<(typeof described)["success"]>>;

const size = 1;

test("an answer that does not fit the schema of its status does not compile", () => {
  const app = new OpenAPIHono<ControlEnv>();
  const answers = (run: Run) => addEndpoint(app, {} as Control, { ...described, run });
  const thing = exactly(Thing, { name: "a", size });
  const page = exactly(PersonList, { data: [], pagination: { limit: 1, nextCursor: null } });

  answers(async () => ({ status: 200, body: thing }));
  answers(async () => ({ status: 200, lines: new LineStream<{ part: string }>() }));
  answers(async () => ({ status: 201, body: page, headers: { Location: "/-/thing" } }));
  answers(async () => ({ status: 204 }));

  // @ts-expect-error the body has not been held against its schema
  answers(async () => ({ status: 200, body: { name: "a", size } }));
  // @ts-expect-error it has been held against a schema with more fields
  answers(async () => ({ status: 200, body: exactly(BigThing, { name: "a", size, weight: 2 }) }));
  // @ts-expect-error the body is missing
  answers(async () => ({ status: 200 }));
  // @ts-expect-error the body is that of another status
  answers(async () => ({ status: 200, body: page }));
  // @ts-expect-error the lines are others
  answers(async () => ({ status: 200, lines: new LineStream<{ piece: string }>() }));
  // @ts-expect-error a header is missing
  answers(async () => ({ status: 201, body: page }));
  // @ts-expect-error the status has no body
  answers(async () => ({ status: 204, body: thing }));
  // @ts-expect-error the status is not declared
  answers(async () => ({ status: 202, body: thing }));

  expect(app.openAPIRegistry.definitions).toHaveLength(12);
});

test("JSON with a field too few, too many or of another type does not compile, at any depth", () => {
  const Whole = z.object({
    first: Thing,
    rest: z.array(Thing),
    last: Thing.nullable(),
    kind: z.discriminatedUnion("is", [
      z.object({ is: z.literal("round"), radius: z.int() }),
      z.object({ is: z.literal("square"), side: z.int() }),
    ]),
    note: z.string().optional(),
    byName: z.record(z.string(), Thing),
    free: z.record(z.string(), z.unknown()),
  });
  const first = { name: "a", size };
  const internal = { ...first, hash: "b" };
  const round = { is: "round", radius: 1 } as const;
  const whole = { first, rest: [first], last: null, kind: round, byName: {}, free: { any: { thing: 1 } } };

  exactly(Whole, whole);
  exactly(Whole, { ...whole, last: first, note: "n", byName: { a: first }, kind: { is: "square", side: 1 } });

  // @ts-expect-error a field is missing
  exactly(Thing, { name: "a" });
  // @ts-expect-error a field is of another type
  exactly(Thing, { name: "a", size: "1" });
  // @ts-expect-error a field is not declared
  exactly(Thing, { name: "a", size, hash: "b" });
  // @ts-expect-error nor in a value that was made elsewhere
  exactly(Thing, internal);
  // @ts-expect-error nor in what was spread
  exactly(Thing, { ...internal, size: null });
  // @ts-expect-error nor in a value that may or may not have it
  exactly(Thing, first as typeof first | typeof internal);
  // @ts-expect-error in an object
  exactly(Whole, { ...whole, first: internal });
  // @ts-expect-error in a list
  exactly(Whole, { ...whole, rest: [internal] });
  // @ts-expect-error in what may be null
  exactly(Whole, { ...whole, last: internal as typeof internal | null });
  // @ts-expect-error in one of several shapes
  exactly(Whole, { ...whole, kind: { ...round, side: 1 } });
  // @ts-expect-error under a free name
  exactly(Whole, { ...whole, byName: { a: internal } });

  expect(exactly(Thing, first)).toBe(first);
});

test("SCIM JSON with a field too few, too many or of another type does not compile", () => {
  const meta = {
    resourceType: "User",
    created: "2026-01-01T00:00:00.000Z",
    lastModified: "2026-01-01T00:00:00.000Z",
    version: 'W/"1"',
  } as const;
  const own = { schemas: [], id: "u1", meta };
  const attributes: ScimObject = { userName: "ann" };
  const ann = resourceOf(exactly(ToldSchema, own), attributes);
  expect(ann).toEqual({ ...own, ...attributes });
  const served = { ...own, meta: { ...meta, location: "/Users/u1" } };
  answerJson(resourceOf(exactly(ServedSchema, served), attributes), 200);
  answerList([ann], 1);

  // @ts-expect-error a field is missing
  exactly(ToldSchema, { schemas: [], meta });
  // @ts-expect-error a field is of another type
  exactly(ToldSchema, { ...own, id: 1 });
  // @ts-expect-error a field is not declared
  exactly(ToldSchema, { ...own, hash: "b" });
  // @ts-expect-error nor in a part of it
  exactly(ToldSchema, { ...own, meta: { ...meta, orgId: "o" } });
  // @ts-expect-error nor in a member
  exactly(ToldSchema, { ...own, members: [{ value: "u1", display: "Ann", type: "User", email: "a@b" }] });
  // @ts-expect-error the place is missing
  exactly(ServedSchema, own);
  // @ts-expect-error it has not been held against a schema
  expect(resourceOf(own, attributes)).toBeDefined();
  const more: ScimObject = { ...own, ...attributes, hash: "b" };
  // @ts-expect-error what was put together by hand is no resource
  answerJson(more, 200);
  // @ts-expect-error nor is it in a list
  answerList([more], 1);
  // @ts-expect-error an error with more than SCIM knows
  exactly(ScimErrorSchema, { schemas: [], status: "400", detail: "No", code: "x" });
});

const SRC = join(import.meta.dirname, "../../src");
const sources = (folder: string) =>
  readdirSync(join(SRC, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => ({ file: join(folder, file), text: readFileSync(join(SRC, folder, file), "utf8") }));

/** What JSON of the API is called. */
const NAMES = sources("api-types").flatMap(({ text }) =>
  [...text.matchAll(/export type (\w+) = Wire</g)].map(([, name]) => name),
);

test("what is spread into JSON of the API is held against its schema", () => {
  // A declared type is all that is known of a value: one with more fields that was declared so would pass.
  const declared = new RegExp(
    String.raw`\): (?:Promise<)?(?:Result<)?(?:${NAMES.join("|")}|Wire)\b[^]*?\n\}`,
    "g",
  );
  const found = ["control", "api-types"].flatMap((folder) =>
    sources(folder).flatMap(({ file, text }) =>
      [...text.matchAll(declared)]
        .filter(([body]) => /return \{[^;]*\.\.\.\w/.test(body))
        .map(([body]) => `${file}: ${body.split("\n", 1)[0]}`),
    ),
  );

  expect(NAMES.length).toBeGreaterThan(20);
  expect(found).toEqual([]);
});
