import { z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Wire } from "../../api-types/common.ts";
import type { Exact } from "../../api-types/exact.ts";
import { PresentedKey } from "../../admission/isolate/presented.ts";
import { isFailedAttempt } from "../../core/http/failed-attempt.ts";
import { isRefusal, refuse, type Result } from "../../core/refusal.ts";
import { keyIdOf } from "../../core/access/imported-key.ts";
import type { CompiledKey } from "../../core/access/compiled-key.ts";
import type { Control, ControlEnv } from "../context.ts";
import { Answered, REFUSAL_HEADERS } from "../headers.ts";
import { refusalOf } from "../thrown.ts";
import { clientRefusal, identify, readClient, type ClientCredentials } from "./client.ts";
import { readForm, type Form } from "./form.ts";
import { OAuthErrorSchema, oauthErrorResponse } from "./oauth-error.ts";

/** Who asks, from where, and through which address of the gateway. */
export interface OAuthRequest<Client extends CompiledKey | null> {
  readonly form: Form;
  /** The client's key; `null` where the client need not say who it is, and has not. */
  readonly client: Client;
  readonly address: string;
  readonly requestId: string;
  /** Scheme and authority of the gateway as the client knows it. */
  readonly issuer: string;
  /** Names the key that the request turns out to be about, and its organisation, for the log. */
  readonly about: (key: { readonly keyId: string; readonly orgId: string }) => void;
}

/** A successful answer; one that `failed` counts against the client's address all the same (RFC 7009 section 2.2). */
export interface Answer<Schema extends z.ZodType> {
  readonly body: Exact<Wire<Schema>>;
  readonly failed?: true;
}

type Run<Client extends CompiledKey | null, Schema extends z.ZodType> = (
  request: OAuthRequest<Client>,
  control: Control,
) => Promise<Result<Answer<Schema>>>;

const ONLY_POST = "The method must be POST.";
const KEY_NEEDED = "The client must authenticate with its key.";

interface Described<Schema extends z.ZodType> {
  /** Below `/-/oauth/`. */
  readonly name: "token" | "revoke" | "introspect";
  readonly operationId: string;
  readonly summary: string;
  /** What the form may hold besides the client's credentials; for the API's description. */
  readonly form: z.ZodObject;
  readonly answer: { readonly description: string; readonly schema: Schema };
}

/** The client must say who it is, by a live key; or it may, by any key. */
export type OAuthEndpoint<Schema extends z.ZodType> = Described<Schema> &
  (
    | { readonly clientRequired: true; readonly run: Run<CompiledKey, Schema> }
    | { readonly clientRequired: false; readonly run: Run<CompiledKey | null, Schema> }
  );

/** Adds an endpoint of OAuth 2.0: a form comes in, JSON goes out, errors have the form of RFC 6749 section 5.2. */
export function addOAuthEndpoint<Schema extends z.ZodType>(
  app: OpenAPIHono<ControlEnv>,
  control: Control,
  endpoint: OAuthEndpoint<Schema>,
): void {
  const path = `/-/oauth/${endpoint.name}`;
  describe(app, path, endpoint);
  app.post(path, async (c) => {
    const outcome = await serve(c, control, endpoint).catch(refusalOf);
    if (isRefusal(outcome)) return oauthErrorResponse(c, outcome);
    // Besides `Cache-Control: no-store` (RFC 6749 section 5.1).
    return c.json(outcome.body as object, 200, { Pragma: "no-cache" });
  });
  app.all(path, (c) =>
    oauthErrorResponse(c, refuse("method_not_allowed", { allow: "POST", details: { problem: ONLY_POST } })),
  );
}

/** Counts a client that has not shown a right key against its address. */
async function serve<Schema extends z.ZodType>(
  c: Context<ControlEnv>,
  control: Control,
  endpoint: OAuthEndpoint<Schema>,
): Promise<Result<Answer<Schema>>> {
  const outcome = await answer(c, control, endpoint);
  const failed = isRefusal(outcome) ? isFailedAttempt(outcome) : outcome.failed;
  const tooMany = failed ? await control.failures.count(c.get("address"), Date.now()) : null;
  return tooMany ?? outcome;
}

async function answer<Schema extends z.ZodType>(
  c: Context<ControlEnv>,
  control: Control,
  endpoint: OAuthEndpoint<Schema>,
): Promise<Result<Answer<Schema>>> {
  const read = await readForm(c.req.raw);
  if (isRefusal(read)) return read;
  const { form } = read;
  const address = c.get("address");
  const hasImports = await control.imports.find(Date.now());
  const credentials = readClient(c.req.header("Authorization"), form, control.config.keyPrefixes, hasImports);
  const blocked = control.failures.blocked(address, Date.now());
  if (blocked !== null) {
    const key = shownKey(credentials, form);
    if (key === null || !isGoodKey(key, address, hasImports, control)) return blocked;
  }
  if (isRefusal(credentials)) return credentials;
  const client = credentials && (await identify(credentials, control));
  if (isRefusal(client)) return client;
  const about = ({ keyId, orgId }: { readonly keyId: string; readonly orgId: string }): void => {
    c.set("keyId", keyId);
    c.set("orgId", orgId);
  };
  if (client !== null) about({ keyId: client.record.id, orgId: client.record.orgId });

  const request = {
    form,
    address,
    requestId: c.get("requestId"),
    issuer: control.issuerOf(c.req.raw.url),
    about,
  };
  if (!endpoint.clientRequired) return endpoint.run({ ...request, client }, control);
  if (client === null) return refuse("credential_missing", { details: { problem: KEY_NEEDED } });
  return clientRefusal(client, address) ?? endpoint.run({ ...request, client }, control);
}

/** The key that a request shows, as the client's or as the one to revoke. */
function shownKey(credentials: Result<ClientCredentials | null>, { token }: Form): string | null {
  return isRefusal(credentials) ? null : (credentials?.key ?? token ?? null);
}

/**
 * Whether this isolate knows a key to be good. Such keys go on working from an address that keeps failing and is turned
 * away before anything is looked up.
 */
function isGoodKey(
  key: string,
  address: string,
  hasImports: boolean,
  { admission, config }: Control,
): boolean {
  const keyId = keyIdOf(key, config.keyPrefixes, hasImports);
  return (
    keyId !== null && admission.knowsGood(new PresentedKey({ keyId, key }, address, admission.credentials))
  );
}

const Client = z.object({
  client_id: z.string().optional().openapi({ description: "The key's id.", example: "key_3fA9xKq20LmZ" }),
  client_secret: z.string().optional().openapi({ description: "The whole key." }),
});

function describe(
  app: OpenAPIHono<ControlEnv>,
  path: string,
  endpoint: Omit<OAuthEndpoint<z.ZodType>, "run">,
): void {
  const { operationId, summary, form, answer: success, clientRequired } = endpoint;
  const error = (status: number, description: string) => ({
    description,
    headers: Answered.extend(REFUSAL_HEADERS[status]?.shape ?? {}),
    content: { "application/json": { schema: OAuthErrorSchema } },
  });
  app.openAPIRegistry.registerPath({
    method: "post",
    path,
    operationId,
    summary,
    tags: ["OAuth"],
    security: [{ keyAsClient: [] }, ...(clientRequired ? [] : [{}])],
    request: {
      body: {
        required: true,
        content: { "application/x-www-form-urlencoded": { schema: Client.extend(form.shape) } },
      },
    },
    responses: {
      200: {
        description: success.description,
        headers: Answered,
        content: { "application/json": { schema: success.schema } },
      },
      400: error(400, "The request is not one of OAuth, or asks for what the key may not do."),
      401: error(401, "The client's key is not valid."),
      405: error(405, "The method must be POST."),
      413: error(413, "The body is too large."),
      429: error(429, "Too many tokens in a minute, or too many failures from this address."),
      500: error(500, "Something went wrong."),
      503: error(503, "The key's state cannot be confirmed at the moment."),
    },
  });
}
