import {
  barredFromOrigin,
  cookiesForOrigin,
  namedByConnection,
  NOT_FOR_FILTERED_LISTS,
} from "../core/http/header-policy.ts";
import type { Forwarding } from "./forwarding.ts";

/**
 * The headers of the request to the origin: the client's, without those that never pass, and the gateway's own. They are
 * copied by the runtime, so that every byte of their values arrives.
 */
export function originHeaders(f: Forwarding): Headers {
  const sent = f.request.headers;
  const headers = new Headers(sent);
  for (const name of sent.keys()) if (barredFromOrigin(name)) headers.delete(name);
  const connection = sent.get("Connection");
  if (connection !== null) for (const name of namedByConnection(connection)) headers.delete(name);
  tidyCookies(headers);
  if (f.filter !== null) askForWholeList(headers);
  else if (opensWebSocket(f.request)) headers.set("upgrade", "websocket");
  addOwn(headers, f);
  return headers;
}

function askForWholeList(headers: Headers): void {
  for (const name of NOT_FOR_FILTERED_LISTS) headers.delete(name);
  headers.set("accept-encoding", "identity");
}

/** The gateway's own headers. */
function addOwn(headers: Headers, f: Forwarding): void {
  const { request, config } = f;
  if (config.authorization !== null) headers.set("authorization", config.authorization);
  headers.set("x-request-id", f.requestId);
  if (f.clientAddress !== "") headers.set("x-forwarded-for", f.clientAddress);
  headers.set("x-forwarded-proto", request.url.startsWith("https:") ? "https" : "http");
  const host = request.headers.get("Host");
  if (host !== null) headers.set("x-forwarded-host", host);
  for (const [name, value] of f.identity) headers.set(name, value);
  if (f.assertion !== null) headers.set("x-portcullis-assertion", f.assertion);
}

/** A `Cookie` that is as it should be is left alone: only so does every byte of it arrive. */
function tidyCookies(headers: Headers): void {
  const sent = headers.get("Cookie");
  if (sent === null) return;
  const cookies = cookiesForOrigin(sent);
  if (cookies === "") headers.delete("Cookie");
  else if (cookies !== sent) headers.set("Cookie", cookies);
}

/** With this header the runtime sends a GET, whatever the method is: it must not go out with any other. */
function opensWebSocket(request: Request): boolean {
  return request.method === "GET" && request.headers.get("Upgrade")?.toLowerCase() === "websocket";
}
