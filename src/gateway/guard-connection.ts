import { isRefusal } from "../core/refusal.ts";
import { callerOf, decideFor } from "./decide-access.ts";
import type { Gateway } from "./gateway.ts";
import { joinWebSockets, type Connection } from "./join-web-sockets.ts";
import { arrivalOf, type Authorized } from "./stages.ts";

const EVENT_STREAM = /^text\/event-stream\s*(?:;|$)/i;
/** A check may take this share of the time in which a connection must end: its key's guard may be far away. */
const CHECK_SHARE = 0.4;
const FAILED_STREAM = "the stream failed";

/**
 * Lets an answer that does not end by itself live only as long as a new request like it would be let through: an event
 * stream and a WebSocket end within `CONNECTION_CHECK_MS` of the moment when steps 3, 4 or 7 refuse it, or when that
 * cannot be confirmed. Any other answer is passed as it is.
 */
export function guardConnection(answer: Response, authorized: Authorized, gateway: Gateway): Response {
  if (answer.webSocket !== null) return guardWebSocket(answer, answer.webSocket, authorized, gateway);
  if (answer.body === null || !EVENT_STREAM.test(answer.headers.get("Content-Type") ?? "")) return answer;
  return guardStream(answer, answer.body, authorized, gateway);
}

function guardStream(
  answer: Response,
  body: ReadableStream,
  authorized: Authorized,
  gateway: Gateway,
): Response {
  const { readable, writable } = new IdentityTransformStream();
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  const connection: Connection = {
    isOpen: true,
    end: () => {
      connection.isOpen = false;
      void reader.cancel().catch(() => {});
    },
  };
  const { request, background } = arrivalOf(authorized.admitted);
  // A client that goes away while the origin is silent is seen by this alone.
  request.signal.addEventListener("abort", () => connection.end("the client is gone"));
  background.waitUntil(pump(reader, writable.getWriter(), connection));
  background.waitUntil(watch(connection, authorized, gateway));
  return new Response(readable, answer);
}

/** Passes a body on until either side ends, or the connection is ended. Only a stream that fails has no proper end. */
async function pump(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  writer: WritableStreamDefaultWriter<Uint8Array>,
  connection: Connection,
): Promise<void> {
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      await writer.write(value);
    }
    await writer.close();
  } catch (error) {
    const wasEnded = !connection.isOpen;
    connection.end(FAILED_STREAM);
    await (wasEnded ? writer.close() : writer.abort(error)).catch(() => {});
  } finally {
    connection.isOpen = false;
  }
}

function guardWebSocket(
  answer: Response,
  origin: WebSocket,
  authorized: Authorized,
  gateway: Gateway,
): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  const connection = joinWebSockets(server, origin);
  arrivalOf(authorized.admitted).background.waitUntil(watch(connection, authorized, gateway));
  return new Response(null, { status: 101, headers: answer.headers, webSocket: client });
}

async function watch(connection: Connection, authorized: Authorized, gateway: Gateway): Promise<void> {
  const within = gateway.config.connectionCheckMs * CHECK_SHARE;
  while (connection.isOpen) {
    await scheduler.wait(gateway.config.connectionCheckMs - within);
    if (!connection.isOpen) return;
    const refusal = refusalNow(authorized, gateway).catch(() => "internal_error");
    const code = await Promise.race([refusal, unconfirmedAfter(within)]);
    if (code === null) continue;
    connection.end(code);
    connection.isOpen = false;
  }
}

async function unconfirmedAfter(ms: number): Promise<string> {
  await scheduler.wait(ms);
  return "admission_unavailable";
}

/** The code of the refusal that a new request like this one would meet at steps 3, 4 or 7; `null` for none. */
async function refusalNow({ admitted, route }: Authorized, { admission }: Gateway): Promise<string | null> {
  const { presented, token } = admitted.identified;
  const { background } = arrivalOf(admitted);
  const outcome = await admission.admit(presented, 0, Date.now(), background);
  if (outcome.kind === "unavailable") return "admission_unavailable";
  if (outcome.kind === "refused") return outcome.refusal.code;
  const decision = decideFor(callerOf(token, outcome.key), route);
  return isRefusal(decision) ? decision.code : null;
}
