import { z } from "@hono/zod-openapi";
import {
  DEFAULT_TOKEN_LIFE_S,
  MAX_TOKEN_LIFE_S,
  MIN_TOKEN_LIFE_S,
  readScopes,
  type AccessToken,
} from "../../core/access-token.ts";
import { within } from "../../core/concurrency.ts";
import type { KeyRecord, VaultSet } from "../../core/key-record.ts";
import { holdsScope, holdsVaults, type Narrowing } from "../../core/narrowing.ts";
import { retryAfterSeconds } from "../../core/rate-window.ts";
import { formatScope, PLAIN_SEGMENT } from "../../core/scope.ts";
import type { CompiledKey } from "../../state/compiled-key.ts";
import type { Control } from "../endpoint.ts";
import type { Form } from "./form.ts";
import type { OAuthEndpoint, OAuthRequest } from "./oauth-endpoint.ts";
import { isOAuthError, oauthError, unavailable, type OAuthError } from "./oauth-error.ts";

const TIMEOUT_MS = 5000;
/** As many as a key may carry, which fit in an origin's request headers. */
const MAX_SCOPES = 50;
const MAX_VAULTS = 200;

/** `POST /-/oauth/token`: a short-lived token for a key (RFC 6749 section 4.4). */
export const TOKEN: OAuthEndpoint = {
  name: "token",
  operationId: "exchangeKey",
  summary: "Exchange a key for a short-lived access token",
  form: z.object({
    grant_type: z.literal("client_credentials"),
    scope: z.string().optional().openapi({
      description: "Scopes separated by spaces; each must lie within one of the key's. Default: the key's.",
      example: "vault/#/balance:read",
    }),
    vaults: z.string().optional().openapi({
      description: "Vault ids separated by spaces, all of them the key's; or `*`. Default: the key's.",
      example: "vault_3f8a2c1d9b",
    }),
    expires_in: z
      .string()
      .optional()
      .openapi({
        description: `Seconds, ${MIN_TOKEN_LIFE_S} to ${MAX_TOKEN_LIFE_S}. Default: ${DEFAULT_TOKEN_LIFE_S}.`,
        example: "900",
      }),
  }),
  answer: {
    description: "The token (RFC 9068).",
    schema: z
      .object({
        access_token: z.string(),
        token_type: z.literal("Bearer"),
        expires_in: z
          .int()
          .openapi({ description: "Seconds; less than asked for where the key ends before." }),
        scope: z.string(),
        vaults: z.union([z.literal("*"), z.array(z.string())]),
      })
      .openapi("TokenAnswer"),
  },
  clientRequired: true,
  run: issue,
};

async function issue(request: OAuthRequest, control: Control): Promise<object | OAuthError> {
  const { form, issuer } = request;
  const { record } = request.client as CompiledKey;
  if (form["grant_type"] === undefined) return oauthError("invalid_request", "grant_type is missing.");
  if (form["grant_type"] !== "client_credentials") {
    return oauthError("unsupported_grant_type", "The grant type must be client_credentials.");
  }
  const narrowing = readNarrowing(form, record, control);
  if (isOAuthError(narrowing)) return narrowing;
  const lifeS = readLife(form["expires_in"]);
  if (typeof lifeS !== "number") return lifeS;

  const issuedAt = Math.floor(Date.now() / 1000) * 1000;
  const expiresAt = Math.min(issuedAt + lifeS * 1000, endOf(record));
  const token: AccessToken = {
    id: crypto.randomUUID(),
    keyId: record.id,
    orgId: record.orgId,
    issuer,
    issuedAt,
    expiresAt,
    ...narrowing,
  };
  const text = await sign(token, control);
  if (typeof text !== "string") return text;
  return {
    access_token: text,
    token_type: "Bearer",
    expires_in: (expiresAt - issuedAt) / 1000,
    scope: narrowing.scopes.map(formatScope).join(" "),
    vaults: narrowing.vaults,
  };
}

/** Signs a token, if the key has not had its share of them. */
async function sign(token: AccessToken, { env }: Control): Promise<string | OAuthError> {
  try {
    const wait = await within(TIMEOUT_MS, env.KEY_GUARD.getByName(token.keyId).takeTokenIssue());
    if (wait > 0) {
      return oauthError("temporarily_unavailable", "The key was exchanged for too many tokens.", {
        status: 429,
        retryAfter: retryAfterSeconds(wait),
      });
    }
    const organization = env.ORGANIZATION.getByName(token.orgId);
    const text = await within(TIMEOUT_MS, organization.signToken(token));
    return text ?? unavailable("The organisation has no signing key");
  } catch (error) {
    return unavailable(error);
  }
}

/** A token ends with its key, at a whole second. */
function endOf({ expiresAt, retiresAt }: KeyRecord): number {
  const end = Math.min(expiresAt ?? Number.POSITIVE_INFINITY, retiresAt ?? Number.POSITIVE_INFINITY);
  return Number.isFinite(end) ? Math.ceil(end / 1000) * 1000 : end;
}

/** What is asked for of the key's scopes and vaults; more than it has is refused, not cut down. */
function readNarrowing(form: Form, key: Narrowing, { checkScope }: Control): Narrowing | OAuthError {
  const scopes = form["scope"] === undefined ? key.scopes : readScopes(form["scope"]);
  if (scopes === null || scopes.length === 0 || scopes.length > MAX_SCOPES) {
    return oauthError("invalid_scope", `scope takes 1 to ${MAX_SCOPES} scopes, written <filter>:<action>.`);
  }
  if (scopes.some((scope) => checkScope(scope) !== null)) {
    return oauthError("invalid_scope", "A scope names a type of resource that this API does not have.");
  }
  if (!scopes.every((scope) => holdsScope(key.scopes, scope))) {
    return oauthError("invalid_scope", "The key does not hold a scope that was asked for.");
  }
  const vaults = form["vaults"] === undefined ? key.vaults : readVaults(form["vaults"]);
  if (vaults !== "*" && (vaults.length === 0 || vaults.length > MAX_VAULTS)) {
    return oauthError("invalid_scope", `vaults takes 1 to ${MAX_VAULTS} ids, or * alone.`);
  }
  if (vaults !== "*" && !vaults.every((id) => PLAIN_SEGMENT.test(id))) {
    return oauthError("invalid_scope", "A vault that was asked for has no possible id.");
  }
  if (!holdsVaults(key.vaults, vaults)) {
    return oauthError("invalid_scope", "The key does not hold a vault that was asked for.");
  }
  return { scopes, vaults };
}

function readVaults(list: string): VaultSet {
  const ids = list.split(" ").filter((id) => id !== "");
  return ids.length === 1 && ids[0] === "*" ? "*" : [...new Set(ids)];
}

function readLife(text: string | undefined): number | OAuthError {
  if (text === undefined) return DEFAULT_TOKEN_LIFE_S;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= MIN_TOKEN_LIFE_S && seconds <= MAX_TOKEN_LIFE_S) return seconds;
  return oauthError(
    "invalid_request",
    `expires_in is whole seconds, ${MIN_TOKEN_LIFE_S} to ${MAX_TOKEN_LIFE_S}.`,
  );
}
