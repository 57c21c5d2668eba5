import { errorBody, errorResponse } from "../../../src/core/http/error-response.ts";
import { refuse } from "../../../src/core/refusal.ts";

const REFUSAL = refuse("api_key_invalid");
const CONTEXT = {
  requestId: "00000000-0000-4000-8000-000000000000",
  publicOrigin: "http://127.0.0.1:8787",
  head: false,
};
const BODY = JSON.stringify(errorBody(REFUSAL, CONTEXT));
/** Taken from one of the gateway's answers; the runtime lets none be made before the first request. */
let headers: HeadersInit | undefined;

/** The least that a refusal can be: the same answer as the gateway's, to everybody. */
export default {
  fetch(): Response {
    headers ??= Object.fromEntries(errorResponse(REFUSAL, CONTEXT).headers);
    return new Response(BODY, { status: 401, headers });
  },
};
