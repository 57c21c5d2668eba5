import { bytesToHex } from "@noble/hashes/utils.js";
import type { OpenAPIHono } from "@hono/zod-openapi";
import { DEFAULT_LIMIT, type Wire } from "../api-types/common.ts";
import { exactly, type Exact } from "../api-types/exact.ts";
import {
  CreatedKeySchema,
  KeyCreation,
  KeyCreationInVaults,
  KeyDetailsSchema,
  KeyList,
  KeyListQuery,
  KeyParams,
  KeyRotation,
  KeySchema,
  KeySearch,
  KeyUpdate,
  type CreatedKey,
  type Key,
} from "../api-types/keys.ts";
import { ReceiptSchema } from "../api-types/receipt.ts";
import { parseDuration } from "../core/duration.ts";
import { isoTime } from "../core/iso-time.ts";
import { hashKey } from "../core/key/key-secret.ts";
import type { Actor } from "../core/organization/organization.ts";
import type { CreatedKey as NewKey, ManagedKey, Receipt } from "../core/organization/managed-key.ts";
import { isRefusal, type Result } from "../core/refusal.ts";
import { addEndpoint } from "./endpoint.ts";
import type { Control, ControlEnv } from "./context.ts";
import { Created, Idempotency, Precondition, Preference, PreferenceApplied, Versioned } from "./headers.ts";
import { keyAnswer, keyPage, readKeyQuery } from "./key-list.ts";
import { keyProblems, newKeyProblems, readKeyChange, readKeyValues } from "./key-values.ts";
import type { FieldProblem } from "../core/http/field-problems.ts";

const TAG = "API keys";
const PREFERENCE_APPLIED = { "Preference-Applied": "return=minimal" } as const;

/** `/-/api-keys`: create, list, read, edit and revoke keys. */
export function addKeyEndpoints(app: OpenAPIHono<ControlEnv>, control: Control): void {
  addEndpoint(app, control, {
    method: "post",
    path: "/-/api-keys",
    operationId: "createApiKey",
    summary: "Create a key; the answer is the only one that holds it",
    tag: TAG,
    headers: Idempotency,
    body: control.hasVaults ? KeyCreationInVaults : KeyCreation,
    check: (body) => newKeyProblems(body, control, Date.now()),
    checkFurther: async ({ body: { ownerId, vaults } }, actor) =>
      organizationOf(actor, control).draftProblems(actor, {
        ...(ownerId !== undefined && { ownerId }),
        ...(vaults !== undefined && { vaults }),
      }),
    success: {
      201: { description: "The key, with its secret.", schema: CreatedKeySchema, headers: Created },
    },
    refusals: [
      "mfa_required",
      "role_required",
      "key_limit_reached",
      "already_exists",
      "not_bootstrapped",
      "admission_unavailable",
    ],
    run: async ({ headers, body }, actor) => {
      const now = Date.now();
      const values = readKeyValues(body, control, now);
      if (isRefusal(values)) return values;
      const expiresAt =
        values.expiresAt === undefined ? now + control.config.defaultKeyExpiryMs : values.expiresAt;
      const draft = {
        name: body.name,
        description: body.description ?? null,
        ownerId: body.ownerId ?? null,
        scopes: values.scopes ?? [],
        // Of an API without vaults a key is held to nothing by them.
        vaults: values.vaults ?? "*",
        allowedIps: values.allowedIps ?? [],
        rateLimit: body.rateLimit ?? null,
        expiresAt,
        disabled: false,
      };
      const request = headers["Idempotency-Key"] ?? null;
      return createdReply(await organizationOf(actor, control).createKey(actor, draft, request), control);
    },
  });

  addEndpoint(app, control, {
    method: "get",
    path: "/-/api-keys",
    operationId: "listApiKeys",
    summary: "List keys, the newest first",
    tag: TAG,
    query: KeyListQuery,
    success: { 200: { description: "A page of keys.", schema: KeyList } },
    refusals: ["role_required"],
    run: async ({ query }, actor) => {
      const asked = readKeyQuery(query);
      if (isRefusal(asked)) return asked;
      const keys = await organizationOf(actor, control).listKeys(actor, asked);
      return isRefusal(keys) ? keys : { status: 200, body: keyPage(keys, asked, control) };
    },
  });

  addEndpoint(app, control, {
    method: "post",
    safe: true,
    path: "/-/api-keys/search",
    operationId: "searchApiKeys",
    summary: "Find a key by its whole string, which is neither kept nor logged",
    tag: TAG,
    body: KeySearch,
    credentialFields: ["key"],
    success: { 200: { description: "The key, or an empty list.", schema: KeyList } },
    refusals: [],
    run: async ({ body }, actor) => {
      const hash = body.hash ?? bytesToHex(hashKey((body.key ?? "").trim()));
      const found = await organizationOf(actor, control).findKeyByHash(actor, hash);
      if (isRefusal(found)) return found;
      const data = found.key === null ? [] : [keyAnswer(found.key, control)];
      const pagination = { limit: DEFAULT_LIMIT, nextCursor: null };
      return { status: 200, body: exactly(KeyList, { data, pagination }) };
    },
  });

  addEndpoint(app, control, {
    method: "get",
    path: "/-/api-keys/{id}",
    operationId: "getApiKey",
    summary: "Read a key",
    tag: TAG,
    params: KeyParams,
    success: { 200: { description: "The key.", schema: KeyDetailsSchema, headers: Versioned } },
    refusals: ["not_found"],
    run: async ({ params }, actor) => {
      const found = await organizationOf(actor, control).describeKey(actor, params.id);
      if (isRefusal(found)) return found;
      const { key, receipt } = found;
      const body = { ...keyAnswer(key, control), ...(receipt && { receipt: receiptJson(receipt) }) };
      return { status: 200, body: exactly(KeyDetailsSchema, body), headers: etag(key) };
    },
  });

  addEndpoint(app, control, {
    method: "patch",
    path: "/-/api-keys/{id}",
    operationId: "updateApiKey",
    summary: "Change a key; in force everywhere when it answers",
    tag: TAG,
    params: KeyParams,
    headers: Precondition,
    body: KeyUpdate,
    check: (body) => keyProblems(body, control, Date.now()),
    checkFurther: async ({ params, body: { vaults } }, actor) =>
      organizationOf(actor, control).changeProblems(actor, params.id, { ...(vaults && { vaults }) }),
    success: { 200: { description: "The key as it is now.", schema: KeySchema, headers: Versioned } },
    refusals: ["not_found", "mfa_required", "version_conflict", "key_limit_reached", "admission_unavailable"],
    run: async ({ params, headers, body }, actor) => {
      const change = readKeyChange(body, control, Date.now());
      if (isRefusal(change)) return change;
      const expected = headers["If-Match"] ?? null;
      return keyReply(
        await organizationOf(actor, control).updateKey(actor, params.id, change, expected),
        control,
      );
    },
  });

  addEndpoint(app, control, {
    method: "post",
    path: "/-/api-keys/{id}/rotate",
    operationId: "rotateApiKey",
    summary: "Replace a key by a new one with the same settings",
    tag: TAG,
    params: KeyParams,
    headers: Idempotency,
    body: KeyRotation,
    check: ({ overlap }) => overlapProblems(overlap),
    success: {
      201: { description: "The new key, with its secret.", schema: CreatedKeySchema, headers: Created },
    },
    refusals: [
      "not_found",
      "mfa_required",
      "role_required",
      "key_limit_reached",
      "already_exists",
      "admission_unavailable",
    ],
    run: async ({ params, headers, body }, actor) => {
      const overlapMs = readOverlap(body?.overlap) ?? 0;
      const organization = organizationOf(actor, control);
      const request = headers["Idempotency-Key"] ?? null;
      return createdReply(await organization.rotateKey(actor, params.id, overlapMs, request), control);
    },
  });

  addEndpoint(app, control, {
    method: "delete",
    path: "/-/api-keys/{id}",
    operationId: "revokeApiKey",
    summary: "Revoke a key for good; dead everywhere when it answers",
    tag: TAG,
    params: KeyParams,
    headers: Preference,
    success: {
      200: { description: "That the key is dead, and since when.", schema: ReceiptSchema },
      204: { description: "The same, for `Prefer: return=minimal`.", headers: PreferenceApplied },
    },
    refusals: ["not_found", "admission_unavailable"],
    run: async ({ params, headers }, actor) => {
      const receipt = await organizationOf(actor, control).revokeKey(actor, params.id, null);
      if (isRefusal(receipt)) return receipt;
      return headers.Prefer === true
        ? { status: 204, headers: PREFERENCE_APPLIED }
        : { status: 200, body: receiptJson(receipt) };
    },
  });
}

function organizationOf(actor: Actor, control: Control) {
  return control.env.ORGANIZATION.getByName(actor.orgId);
}

/** The answer to the creation of a key: the only one that holds its secret. */
function createdReply(created: Result<NewKey>, control: Control): Result<CreatedReply> {
  if (isRefusal(created)) return created;
  const { secret, key } = created;
  const headers = { ...etag(key), Location: `/-/api-keys/${key.id}` };
  const body = exactly(CreatedKeySchema, { key: secret, ...keyAnswer(key, control) });
  return { status: 201, body, headers };
}

interface CreatedReply {
  readonly status: 201;
  readonly body: Exact<CreatedKey>;
  readonly headers: Wire<typeof Created>;
}

const DEFAULT_OVERLAP = "24h";
const MAX_OVERLAP = "30d";
const MAX_OVERLAP_MS = parseDuration(MAX_OVERLAP) ?? 0;

/** How long a rotated key goes on working, in milliseconds; `null` for what cannot be. */
function readOverlap(overlap: string | number | undefined = DEFAULT_OVERLAP): number | null {
  const ms = overlap === 0 || overlap === "0" ? 0 : parseDuration(String(overlap));
  return ms !== null && ms <= MAX_OVERLAP_MS ? ms : null;
}

function overlapProblems(overlap: string | number | undefined): FieldProblem[] {
  const problem = `Must be 0 or a duration like ${DEFAULT_OVERLAP}, at most ${MAX_OVERLAP}`;
  return readOverlap(overlap) === null ? [{ field: "overlap", problem }] : [];
}

function keyReply(key: Result<ManagedKey>, control: Control): Result<KeyReply> {
  if (isRefusal(key)) return key;
  return { status: 200, body: exactly(KeySchema, keyAnswer(key, control)), headers: etag(key) };
}

interface KeyReply {
  readonly status: 200;
  readonly body: Exact<Key>;
  readonly headers: Wire<typeof Versioned>;
}

export function receiptJson(receipt: Receipt): Exact<Wire<typeof ReceiptSchema>> {
  const { requestedAt, effectiveAt } = receipt;
  const times = { requestedAt: isoTime(requestedAt), effectiveAt: isoTime(effectiveAt) };
  return exactly(ReceiptSchema, { ...receipt, ...times });
}

function etag(key: ManagedKey): { ETag: string } {
  return { ETag: `"${key.version}"` };
}
