import { z } from "@hono/zod-openapi";
import { exactly } from "../../api-types/exact.ts";
import { invalid, isRefusal, refuse, type Result } from "../../core/refusal.ts";
import {
  DEFAULT_TOKEN_LIFE_S,
  MAX_TOKEN_LIFE_S,
  MIN_TOKEN_LIFE_S,
  readScopes,
  type AccessToken,
} from "../../core/token/access-token.ts";
import { OBJECT_TIMEOUT_MS, within } from "../../core/concurrency.ts";
import { issueTime } from "../../core/token/token-denials.ts";
import { endOfKey, type KeyRecord, type VaultSet } from "../../core/key/key-record.ts";
import { scopesTooMany, vaultsTooMany } from "../../core/key/grant-limits.ts";
import { holdsKey } from "../../core/key/key-secret.ts";
import { holdsScope, holdsVaults, type Narrowing } from "../../core/key/narrowing.ts";
import { retryAfterSeconds } from "../../core/key/rate-window.ts";
import { formatScope, PLAIN_SEGMENT } from "../../core/policy/scope.ts";
import type { CompiledKey } from "../../core/access/compiled-key.ts";
import type { Control } from "../context.ts";
import type { Form } from "./form.ts";
import type { Answer, OAuthEndpoint, OAuthRequest } from "./oauth-endpoint.ts";
import { invalidForm, unavailable } from "./oauth-error.ts";

const TokenAnswer = z
  .object({
    access_token: z.string(),
    token_type: z.literal("Bearer"),
    expires_in: z.int().openapi({ description: "Seconds; less than asked for where the key ends before." }),
    scope: z.string(),
    vaults: z.union([z.literal("*"), z.array(z.string())]),
  })
  .openapi("TokenAnswer");

/** `POST /-/oauth/token`: a short-lived token for a key (RFC 6749 section 4.4). */
export const TOKEN: OAuthEndpoint<typeof TokenAnswer> = {
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
    schema: TokenAnswer,
  },
  clientRequired: true,
  run: issue,
};

async function issue(
  request: OAuthRequest<CompiledKey>,
  control: Control,
): Promise<Result<Answer<typeof TokenAnswer>>> {
  const { form, issuer } = request;
  const { record, denials } = request.client;
  if (form["grant_type"] === undefined) return invalidForm("grant_type is missing.");
  if (form["grant_type"] !== "client_credentials") {
    return invalid("The grant type must be client_credentials.", "grant_type");
  }
  const narrowing = readNarrowing(form, record, control);
  if (isRefusal(narrowing)) return narrowing;
  const lifeS = readLife(form["expires_in"]);
  if (isRefusal(lifeS)) return lifeS;

  const issuedAt = issueTime(denials, Date.now());
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
  if (isRefusal(text)) return text;
  return {
    body: exactly(TokenAnswer, {
      access_token: text,
      token_type: "Bearer",
      expires_in: (expiresAt - issuedAt) / 1000,
      scope: narrowing.scopes.map(formatScope).join(" "),
      vaults: narrowing.vaults,
    }),
  };
}

/** Signs a token, if the key has not had its share of them. */
async function sign(token: AccessToken, { env, guards }: Control): Promise<Result<string>> {
  try {
    const wait = await within(OBJECT_TIMEOUT_MS, guards.takeTokenIssue(token.keyId));
    if (wait > 0) {
      return refuse("rate_limited", {
        retryAfter: retryAfterSeconds(wait),
        details: { problem: "The key was exchanged for too many tokens." },
      });
    }
    const organization = env.ORGANIZATION.getByName(token.orgId);
    const text = await within(OBJECT_TIMEOUT_MS, organization.signToken(token));
    return text ?? unavailable("The organisation has no signing key");
  } catch (error) {
    return unavailable(error);
  }
}

/** A token ends with its key, at a whole second. */
function endOf(key: KeyRecord): number {
  const end = endOfKey(key);
  return end === null ? Number.POSITIVE_INFINITY : Math.ceil(end / 1000) * 1000;
}

/** What is asked for of the key's scopes and vaults; more than it has is refused, not cut down. */
function readNarrowing(form: Form, key: Narrowing, { checkScope, config }: Control): Result<Narrowing> {
  if (holdsKey(`${form["scope"]} ${form["vaults"]}`, config.keyPrefixes)) {
    return invalid("scope and vaults must not hold an API key.", "scope");
  }
  const scopes = form["scope"] === undefined ? key.scopes : readScopes(form["scope"]);
  if (scopes === null || scopes.length === 0) {
    return invalid("scope is a list of scopes, written <filter>:<action>.", "scope");
  }
  if (scopes.some((scope) => checkScope(scope) !== null)) {
    return invalid("A scope names a type of resource that this API does not have.", "scope");
  }
  if (!scopes.every((scope) => holdsScope(key.scopes, scope))) {
    return invalid("The key does not hold a scope that was asked for.", "scope");
  }
  const vaults = form["vaults"] === undefined ? key.vaults : readVaults(form["vaults"]);
  if (vaults !== "*" && vaults.length === 0) {
    return invalid("vaults is a list of ids, or * alone.", "vaults");
  }
  const excess = scopesTooMany(scopes) ?? vaultsTooMany(vaults);
  if (excess !== null) return invalid(`${excess}.`, "scope");
  if (vaults !== "*" && !vaults.every((id) => PLAIN_SEGMENT.test(id))) {
    return invalid("A vault that was asked for has no possible id.", "vaults");
  }
  if (!holdsVaults(key.vaults, vaults)) {
    return invalid("The key does not hold a vault that was asked for.", "vaults");
  }
  return { scopes, vaults };
}

function readVaults(list: string): VaultSet {
  const ids = list.split(" ").filter((id) => id !== "");
  return ids.length === 1 && ids[0] === "*" ? "*" : [...new Set(ids)];
}

function readLife(text: string | undefined): Result<number> {
  if (text === undefined) return DEFAULT_TOKEN_LIFE_S;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (seconds >= MIN_TOKEN_LIFE_S && seconds <= MAX_TOKEN_LIFE_S) return seconds;
  return invalidForm(`expires_in is whole seconds, ${MIN_TOKEN_LIFE_S} to ${MAX_TOKEN_LIFE_S}.`);
}
