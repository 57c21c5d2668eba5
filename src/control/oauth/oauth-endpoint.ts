import { z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { CompiledKey } from "../../state/compiled-key.ts";
import type { Control, ControlEnv } from "../endpoint.ts";
import { Answered, REFUSAL_HEADERS } from "../headers.ts";
import { clientRefusal, identify, readClient } from "./client.ts";
import { readForm, type Form } from "./form.ts";
import {
  isOAuthError,
  oauthError,
  OAuthErrorSchema,
  oauthErrorResponse,
  tooManyFailures,
  type OAuthError,
} from "./oauth-error.ts";

/** Who asks, from where, and through which address of the gateway. */
export interface OAuthRequest {
  readonly form: Form;
  /** The client's key; `null` where the client need not say who it is, and has not. */
  readonly client: CompiledKey | null;
  readonly address: string;
  readonly requestId: string;
  /** Scheme and authority of the gateway as the client knows it. */
  readonly issuer: string;
  readonly background: ExecutionContext;
}

/** Something went wrong in a way that counts against the client's address, whatever it is answered. */
export interface Failed {
  readonly failed: true;
  readonly outcome: object;
}

export interface OAuthEndpoint {
  /** Below `/-/oauth/`. */
  readonly name: "token" | "revoke" | "introspect";
  readonly operationId: string;
  readonly summary: string;
  /** What the form may hold besides the client's credentials; for the API's description. */
  readonly form: z.ZodObject;
  readonly answer: { readonly description: string; readonly schema?: z.ZodType };
  /** Whether the client must say who it is, by a live key; else it may, by any key. */
  readonly clientRequired: boolean;
  readonly run: (request: OAuthRequest, control: Control) => Promise<object | OAuthError | Failed>;
}

const CLIENT_FAULTS: readonly OAuthError["oauthError"][] = ["invalid_client", "unauthorized_client"];

/** Adds an endpoint of OAuth 2.0: a form comes in, JSON goes out, errors have the form of RFC 6749 section 5.2. */
export function addOAuthEndpoint(
  app: OpenAPIHono<ControlEnv>,
  control: Control,
  endpoint: OAuthEndpoint,
): void {
  const path = `/-/oauth/${endpoint.name}`;
  describe(app, path, endpoint);
  app.post(path, async (c) => {
    const outcome = await serve(c, control, endpoint).catch((error: unknown) =>
      oauthError("server_error", "Something went wrong.", { status: 500, reason: String(error) }),
    );
    return isOAuthError(outcome) ? oauthErrorResponse(c, outcome) : c.json(outcome);
  });
  app.all(path, (c) =>
    oauthErrorResponse(c, oauthError("invalid_request", "The method must be POST.", { status: 405 })),
  );
}

/** An address that keeps failing is turned away before anything is looked up. */
async function serve(
  c: Context<ControlEnv>,
  control: Control,
  endpoint: OAuthEndpoint,
): Promise<object | OAuthError> {
  const address = c.get("address");
  const blocked = control.failures.blocked(address, Date.now());
  if (blocked !== null) {
    await c.req.raw.body?.cancel();
    return tooManyFailures(blocked);
  }
  const outcome = await answer(c, control, endpoint);
  const failed = "failed" in outcome || (isOAuthError(outcome) && CLIENT_FAULTS.includes(outcome.oauthError));
  if (failed) {
    const tooMany = await control.failures.count(address, Date.now());
    if (tooMany !== null) return tooManyFailures(tooMany);
  }
  return "failed" in outcome ? (outcome as Failed).outcome : outcome;
}

async function answer(
  c: Context<ControlEnv>,
  control: Control,
  endpoint: OAuthEndpoint,
): Promise<object | OAuthError | Failed> {
  const form = await readForm(c.req.raw);
  if (isOAuthError(form)) return form;
  const address = c.get("address");
  const credentials = readClient(c.req.header("Authorization"), form, control.config.keyPrefix);
  if (credentials !== null && isOAuthError(credentials)) return credentials;
  if (credentials === null && endpoint.clientRequired) {
    return oauthError("invalid_client", "The client must authenticate with its key.");
  }
  const client = credentials && (await identify(credentials, control));
  if (client !== null && isOAuthError(client)) return client;
  if (client !== null) c.set("keyId", client.record.id);
  const refusal = client && endpoint.clientRequired ? clientRefusal(client, address) : null;
  if (refusal !== null) return refusal;
  return endpoint.run(
    {
      form,
      client,
      address,
      requestId: c.get("requestId"),
      issuer: control.issuerOf(c.req.raw.url),
      background: c.executionCtx as ExecutionContext,
    },
    control,
  );
}

const Client = z.object({
  client_id: z.string().optional().openapi({ description: "The key's id.", example: "key_3fA9xKq20LmZ" }),
  client_secret: z.string().optional().openapi({ description: "The whole key." }),
});

function describe(app: OpenAPIHono<ControlEnv>, path: string, endpoint: OAuthEndpoint): void {
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
        ...(success.schema && { content: { "application/json": { schema: success.schema } } }),
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
