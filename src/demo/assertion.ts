import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { request as httpRequest } from "node:http";
import { json } from "node:stream/consumers";
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from "jose";

/** How an API refuses what did not come through its gateway: by the gateway's public keys, with any JOSE library. */

interface AssertionCheck {
  /** Where the gateway publishes its keys: `<gateway>/-/jwks.json`. */
  readonly jwksUrl: string;
  /** The gateway's `ORIGIN_AUDIENCE`; by default its `ORIGIN_URL`. */
  readonly audience: string;
  /** The name under which the gateway's keys are to be asked for, where that is not the one of `jwksUrl`. */
  readonly host: string | null;
}

/** Serves only requests that carry a valid `X-Portcullis-Assertion`; answers 401 to all others. */
export function behindGateway(listener: RequestListener, check: AssertionCheck): RequestListener {
  const keys = createRemoteJWKSet(new URL(check.jwksUrl), {
    [customFetch]: (url, { signal }) => fetchAs(url, check.host, signal),
  });

  return (request, response) => {
    const assertion = request.headers["x-portcullis-assertion"];
    const verified = jwtVerify(typeof assertion === "string" ? assertion : "", keys, {
      audience: check.audience,
      algorithms: ["ES256"],
      typ: "portcullis-assertion+jwt",
      requiredClaims: ["exp", "sub"],
    });
    verified.then(
      () => listener(request, response),
      (error: unknown) => refuse(response, isOfToken(error)),
    );
  };
}

/** Whether it is the assertion that is at fault, rather than the way to the gateway's keys. */
function isOfToken(error: unknown): boolean {
  return (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    error.code !== "ERR_JOSE_GENERIC"
  );
}

function refuse(response: ServerResponse, unauthorized: boolean): void {
  const [status, code, message] = unauthorized
    ? [401, "not_through_gateway", "This API answers only what comes through its gateway."]
    : [503, "gateway_keys_unavailable", "The gateway's keys cannot be read."];
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify({ error: { code, message } }));
}

/** `fetch` sends the name of the address it connects to; a gateway with a control host answers under that alone. */
async function fetchAs(url: string, host: string | null, signal: AbortSignal): Promise<Response> {
  const message = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = host === null ? {} : { Host: host };
    httpRequest(url, { headers, signal }, resolve).on("error", reject).end();
  });
  return Response.json(await json(message), { status: message.statusCode ?? 500 });
}
