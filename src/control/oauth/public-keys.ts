import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { LRUCache } from "lru-cache";
import { ErrorSchema } from "../../api-types/error.ts";
import { OBJECT_TIMEOUT_MS, within } from "../../core/concurrency.ts";
import { ORG_ID } from "../../core/organization/organization.ts";
import { isRefusal, type Result } from "../../core/refusal.ts";
import type { PublicJwk } from "../../core/token/signing-key.ts";
import { deploymentOf } from "../../state/deployment/deployment-object.ts";
import { refuseWith } from "../endpoint.ts";
import type { Control, ControlEnv } from "../context.ts";
import { Answered, REFUSAL_HEADERS } from "../headers.ts";
import { unavailable } from "./oauth-error.ts";

/** A successor is published longer than this before it signs. */
const CACHED = { "Cache-Control": "public, max-age=300" };

interface KnownSet {
  /** `null` when there was no such organisation. */
  readonly keys: PublicJwk[] | null;
  /** Until when it need not be asked for again; milliseconds since the epoch. */
  readonly freshUntil: number;
}

/** The sets that this isolate has read, by organisation. */
export type KeySets = LRUCache<string, KnownSet>;

/** No organisation's id has a space. */
const DEPLOYMENT = "the deployment";
const MAX_SETS = 1000;
const FRESH_MS = 5000;

export function newKeySets(): KeySets {
  return new LRUCache({ max: MAX_SETS });
}

const KeySet = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal("EC"),
        crv: z.literal("P-256"),
        x: z.string(),
        y: z.string(),
        kid: z.string(),
        alg: z.literal("ES256"),
        use: z.literal("sig"),
      }),
    ),
  })
  .openapi("KeySet");

const refused = (status: number, description: string) => ({
  description,
  headers: Answered.extend(REFUSAL_HEADERS[status]?.shape ?? {}),
  content: { "application/json": { schema: ErrorSchema } },
});
const responses = {
  200: {
    description: "The public keys, the next one included (RFC 7517 section 5).",
    headers: Answered,
    content: { "application/json": { schema: KeySet } },
  },
  503: refused(503, "`admission_unavailable`: the keys cannot be read at the moment."),
};

const deploymentKeys = createRoute({
  method: "get",
  path: "/-/jwks.json",
  operationId: "getAssertionKeys",
  summary: "The keys by which an origin verifies `X-Portcullis-Assertion`",
  tags: ["Public keys"],
  responses,
});

const organizationKeys = createRoute({
  method: "get",
  path: "/-/organizations/{orgId}/jwks.json",
  operationId: "getAccessTokenKeys",
  summary: "The keys by which access tokens of an organisation are signed",
  tags: ["Public keys"],
  request: { params: z.object({ orgId: z.string() }) },
  responses: {
    ...responses,
    404: refused(404, "`not_found`: there is no such organisation."),
    429: refused(429, "`too_many_failures`: too many organisations that do not exist were asked for."),
  },
});

/** The public halves of everything that signs. */
export function addPublicKeys(app: OpenAPIHono<ControlEnv>, control: Control, sets: KeySets): void {
  const { env, config, failures } = control;

  app.get(deploymentKeys.getRoutingPath(), async (c) => {
    const keys = await ask(sets, DEPLOYMENT, () => deploymentOf(env).publicKeys());
    return isRefusal(keys) ? refuseWith(c, keys, config) : c.json({ keys }, 200, CACHED);
  });

  app.get(organizationKeys.getRoutingPath(), async (c) => {
    const orgId = c.req.param("orgId");
    const address = c.get("address");
    const isKnown = (sets.peek(orgId)?.keys ?? null) !== null;
    const blocked = isKnown ? null : failures.blocked(address, Date.now());
    if (blocked !== null) return refuseWith(c, blocked, config);
    const keys = ORG_ID.test(orgId)
      ? await ask(sets, orgId, () => env.ORGANIZATION.getByName(orgId).publicKeys())
      : null;
    if (isRefusal(keys)) return refuseWith(c, keys, config);
    if (keys !== null) return c.json({ keys }, 200, CACHED);
    // A client that invents organisation ids must not have one object asked after the other.
    const tooMany = await failures.count(address, Date.now());
    return tooMany === null ? c.notFound() : refuseWith(c, tooMany, config);
  });

  for (const route of [deploymentKeys, organizationKeys]) app.openAPIRegistry.registerPath(route);
}

/** Asks for a set, unless the answer is fresh: anybody may ask, and the objects that sign have other work. */
async function ask(
  sets: KeySets,
  name: string,
  read: () => Promise<PublicJwk[] | null>,
): Promise<Result<PublicJwk[] | null>> {
  const known = sets.get(name);
  if (known !== undefined && Date.now() < known.freshUntil) return known.keys;
  try {
    const keys = await within(OBJECT_TIMEOUT_MS, read());
    sets.set(name, { keys, freshUntil: Date.now() + FRESH_MS });
    return keys;
  } catch (error) {
    return unavailable(error);
  }
}
