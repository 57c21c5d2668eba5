import { OpenAPIHono, z } from "@hono/zod-openapi";
import { expect, test } from "vitest";
import { PersonList } from "../../src/api-types/people.ts";
import { addEndpoint, type Control, type ControlEnv } from "../../src/control/endpoint.ts";
import { LineStream } from "../../src/control/line-stream.ts";
import type { ReplyOf } from "../../src/control/reply.ts";

const Thing = z.object({ name: z.string(), size: z.int().nullable() });
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

test("an answer that does not fit the schema of its status does not compile", () => {
  const app = new OpenAPIHono<ControlEnv>();
  const answers = (run: Run) => addEndpoint(app, {} as Control, { ...described, run });
  const size = 1;
  const body = { data: [], pagination: { limit: 1, nextCursor: null } };

  answers(async () => ({ status: 200, body: { name: "a", size } }));
  answers(async () => ({ status: 200, lines: new LineStream<{ part: string }>() }));
  answers(async () => ({ status: 201, body, headers: { Location: "/-/thing" } }));
  answers(async () => ({ status: 204 }));

  // @ts-expect-error a field is missing
  answers(async () => ({ status: 200, body: { name: "a" } }));
  // @ts-expect-error a field is of another type
  answers(async () => ({ status: 200, body: { name: "a", size: "1" } }));
  // @ts-expect-error the body is missing
  answers(async () => ({ status: 200 }));
  // @ts-expect-error the body is that of another status
  answers(async () => ({ status: 200, body }));
  // @ts-expect-error the lines are others
  answers(async () => ({ status: 200, lines: new LineStream<{ piece: string }>() }));
  // @ts-expect-error a header is missing
  answers(async () => ({ status: 201, body }));
  // @ts-expect-error the status has no body
  answers(async () => ({ status: 204, body }));
  // @ts-expect-error the status is not declared
  answers(async () => ({ status: 202, body }));

  expect(app.openAPIRegistry.definitions).toHaveLength(12);
});
