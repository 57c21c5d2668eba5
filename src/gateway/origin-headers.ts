import {
  barredFromOrigin,
  cookiesForOrigin,
  namedByConnection,
  NOT_FOR_FILTERED_LISTS,
} from "../core/header-policy.ts";
import type { Forwarding } from "./forward.ts";

type Lines = Record<string, string>;

/** The runtime shows bytes of a header as text; of others than these the text may not bring back the bytes. */
const ASCII = /^[\t\x20-\x7e]*$/;

/**
 * The headers of the request to the origin: the client's, without those that never pass, and the gateway's own.
 *
 * They are made as one object, which crosses into the runtime once. Only a request with bytes beyond ASCII in a header
 * is copied line by line, so that every byte of it arrives.
 */
export function originHeaders(f: Forwarding): HeadersInit {
  const own = ownLines(f);
  const lines = Object.create(null) as Lines;
  for (const [name, value] of f.request.headers) {
    if (!ASCII.test(value)) return copiedHeaders(f, own);
    if (!barredFromOrigin(name)) lines[name] = value;
  }
  for (const name of withheldNames(f)) delete lines[name];
  const cookie = lines["cookie"];
  if (cookie !== undefined) {
    const cookies = cookiesForOrigin(cookie);
    if (cookies === "") delete lines["cookie"];
    else lines["cookie"] = cookies;
  }
  return Object.assign(lines, own);
}

function copiedHeaders(f: Forwarding, own: Lines): Headers {
  const sent = f.request.headers;
  const headers = new Headers(sent);
  for (const name of sent.keys()) if (barredFromOrigin(name)) headers.delete(name);
  for (const name of withheldNames(f)) headers.delete(name);
  tidyCookies(headers);
  for (const [name, value] of Object.entries(own)) headers.set(name, value);
  return headers;
}

/** Names of client headers that this request in particular must not send on, in lower case. */
function withheldNames(f: Forwarding): readonly string[] {
  const connection = f.request.headers.get("Connection");
  const named =
    connection === null ? [] : [...namedByConnection(connection)].map((name) => name.toLowerCase());
  return f.filter === null ? named : [...named, ...NOT_FOR_FILTERED_LISTS.map((name) => name.toLowerCase())];
}

/** The gateway's own headers, by their names in lower case. */
function ownLines(f: Forwarding): Lines {
  const { request, config } = f;
  const lines = Object.create(null) as Lines;
  if (f.filter !== null) lines["accept-encoding"] = "identity";
  else if (opensWebSocket(request)) lines["upgrade"] = "websocket";
  if (config.authorization !== null) lines["authorization"] = config.authorization;
  lines["x-request-id"] = f.requestId;
  if (f.clientAddress !== "") lines["x-forwarded-for"] = f.clientAddress;
  lines["x-forwarded-proto"] = request.url.startsWith("https:") ? "https" : "http";
  const host = request.headers.get("Host");
  if (host !== null) lines["x-forwarded-host"] = host;
  for (const [name, value] of f.identity) lines[name.toLowerCase()] = value;
  if (f.assertion !== null) lines["x-portcullis-assertion"] = f.assertion;
  return lines;
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
