import { z } from "@hono/zod-openapi";
import type { Wire } from "../../api-types/common.ts";
import { exactly, type Exact } from "../../api-types/exact.ts";
import { effectiveVaults, isWithdrawn } from "../../core/access/access.ts";
import { readAccessToken, type AccessToken } from "../../core/token/access-token.ts";
import { keyIdOf } from "../../core/access/imported-key.ts";
import { hashKey, sameHash } from "../../core/key/key-secret.ts";
import { standingRefusal } from "../../core/key/key-standing.ts";
import { narrowed } from "../../core/key/narrowing.ts";
import { isRefusal, type Result } from "../../core/refusal.ts";
import { formatScope } from "../../core/policy/scope.ts";
import { isDenied } from "../../core/token/token-denials.ts";
import type { CompiledKey } from "../../core/access/compiled-key.ts";
import { currentKey } from "./current-key.ts";
import type { Control } from "../context.ts";
import type { Answer, OAuthEndpoint, OAuthRequest } from "./oauth-endpoint.ts";
import { invalidForm, unavailable } from "./oauth-error.ts";

const Introspection = z
  .object({
    active: z.boolean(),
    token_type: z.literal("Bearer").optional(),
    client_id: z.string().optional(),
    sub: z.string().optional(),
    org_id: z.string().optional(),
    owner_id: z.string().optional(),
    scope: z.string().optional(),
    vaults: z.union([z.literal("*"), z.array(z.string())]).optional(),
    iss: z.string().optional(),
    aud: z.string().optional(),
    iat: z.int().optional(),
    exp: z.int().optional(),
    jti: z.string().optional(),
  })
  .openapi("Introspection");

/** `POST /-/oauth/introspect` (RFC 7662): what a key or token of the client's own organisation is worth now. */
export const INTROSPECT: OAuthEndpoint<typeof Introspection> = {
  name: "introspect",
  operationId: "introspect",
  summary: "Tell whether a key or an access token of the organisation is live",
  form: z.object({
    token: z.string().openapi({ description: "The whole key, or an access token." }),
    token_type_hint: z.string().optional().openapi({ description: "Not needed; what it is shows." }),
  }),
  answer: {
    description: "Whether it is live, and only then what it is.",
    schema: Introspection,
  },
  clientRequired: true,
  run: introspect,
};

const INACTIVE: Answer<typeof Introspection> = { body: exactly(Introspection, { active: false }) };

async function introspect(
  request: OAuthRequest<CompiledKey>,
  control: Control,
): Promise<Result<Answer<typeof Introspection>>> {
  const { token } = request.form;
  if (token === undefined) return invalidForm("token is missing.");
  const keyId = keyIdOf(token, control.config.keyPrefixes, await control.imports.find(Date.now()));
  const { orgId } = request.client.record;
  const now = Date.now();
  try {
    if (keyId !== null) {
      const key = await liveKey(keyId, orgId, now, control);
      return key !== null && sameHash(hashKey(token), key.hash) ? { body: ofKey(key) } : INACTIVE;
    }
    // Another organisation's is not asked for its key: the answer would be the same, and there may be no such one.
    if (readAccessToken(token, now)?.claims.orgId !== orgId) return INACTIVE;
    const verified = await control.tokens.verify(token, request.issuer, now, control.background);
    if (isRefusal(verified)) {
      return verified.code === "access_token_invalid" ? INACTIVE : unavailable(verified.reason);
    }
    const { claims } = verified;
    if (claims.orgId !== orgId || claims.expiresAt <= now) return INACTIVE;
    const key = await liveKey(claims.keyId, orgId, now, control);
    return key === null || isDenied(key.denials, claims) ? INACTIVE : { body: ofToken(claims, key) };
  } catch (error) {
    return unavailable(error);
  }
}

/** A live key of the organisation, as its guard knows it now, whose owner may still use a vault of it. */
async function liveKey(
  keyId: string,
  orgId: string,
  now: number,
  { guards }: Control,
): Promise<CompiledKey | null> {
  const key = await currentKey(guards, keyId);
  if (key?.record.orgId !== orgId || standingRefusal(key.record, now) !== null) return null;
  return isWithdrawn(key.record) ? null : key;
}

function ofKey({ record }: CompiledKey): Exact<Wire<typeof Introspection>> {
  const { id, orgId, ownerId, scopes, expiresAt } = record;
  return exactly(Introspection, {
    active: true,
    token_type: "Bearer",
    client_id: id,
    sub: id,
    org_id: orgId,
    owner_id: ownerId,
    scope: scopes.map(formatScope).join(" "),
    vaults: effectiveVaults(record),
    ...(expiresAt !== null && { exp: Math.floor(expiresAt / 1000) }),
  });
}

/** What the token is good for by the key as it is now: that may have been narrowed since. */
function ofToken(claims: AccessToken, key: CompiledKey): Exact<Wire<typeof Introspection>> {
  const { record } = key;
  const common = narrowed(record, claims);
  return exactly(Introspection, {
    active: true,
    token_type: "Bearer",
    client_id: claims.keyId,
    sub: claims.keyId,
    org_id: claims.orgId,
    owner_id: record.ownerId,
    scope: common.scopes.map(formatScope).join(" "),
    vaults: effectiveVaults({ ...common, ownerVaults: record.ownerVaults }),
    iss: claims.issuer,
    aud: claims.issuer,
    iat: claims.issuedAt / 1000,
    exp: claims.expiresAt / 1000,
    jti: claims.id,
  });
}
