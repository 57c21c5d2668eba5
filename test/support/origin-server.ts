import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A request exactly as it arrived at the origin. */
export interface ReceivedRequest {
  readonly method: string;
  /** The request target, byte for byte. */
  readonly target: string;
  /** Name and value of every header line, in the order and spelling in which they came. */
  readonly headers: readonly (readonly [string, string])[];
  /** The values of a header, by its name in any letter case. */
  readonly values: (name: string) => readonly string[];
  /** What has come of the body so far. */
  readonly body: () => Buffer;
  /** The whole body; rejects if the request was cut off. */
  readonly wholeBody: Promise<Buffer>;
  /** The connection on which the request came, for an answer that is not well-formed HTTP or is cut off. */
  readonly connection: Socket;
  /** Settles when that connection is closed. */
  readonly closed: Promise<void>;
}

export type OriginHandler = (request: ReceivedRequest, response: ServerResponse) => unknown;

/** A real origin on loopback that records what it receives; set `handler` to decide what it answers. */
export interface OriginServer {
  readonly url: string;
  /** For what a handler does not see, such as upgrades. */
  readonly server: Server;
  readonly requests: ReceivedRequest[];
  handler: OriginHandler;
  /** The request that arrives next. */
  next(): Promise<ReceivedRequest>;
  stop(): Promise<void>;
}

/** Answers 200 with a small JSON body. */
export const answerOk: OriginHandler = (_request, response) => {
  response.writeHead(200, { "Content-Type": "application/json" }).end('{"ok":true}');
};

export async function startOriginServer(): Promise<OriginServer> {
  const requests: ReceivedRequest[] = [];
  const waiting: ((request: ReceivedRequest) => void)[] = [];
  const server = createServer((message, response) => {
    const request = receive(message);
    requests.push(request);
    for (const resolve of waiting.splice(0)) resolve(request);
    origin.handler(request, response);
  });
  const connections = new Set<Socket>();
  server.on("connection", (connection) => {
    connections.add(connection);
    connection.once("close", () => connections.delete(connection));
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const origin: OriginServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    server,
    requests,
    handler: answerOk,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    async stop() {
      for (const connection of connections) connection.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return origin;
}

function receive(message: IncomingMessage): ReceivedRequest {
  const headers: [string, string][] = [];
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    headers.push([message.rawHeaders[i] ?? "", message.rawHeaders[i + 1] ?? ""]);
  }
  const parts: Buffer[] = [];
  message.on("data", (part: Buffer) => parts.push(part));
  const wholeBody = new Promise<Buffer>((resolve, reject) => {
    message.on("end", () => resolve(Buffer.concat(parts)));
    message.on("error", reject);
  });
  // Not every test cares for the body; one that does sees the rejection.
  wholeBody.catch(() => {});
  return {
    method: message.method ?? "",
    target: message.url ?? "",
    headers,
    values: (name) => headers.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, v]) => v),
    body: () => Buffer.concat(parts),
    wholeBody,
    connection: message.socket,
    closed: closingOf(message.socket),
  };
}

const closings = new WeakMap<Socket, Promise<void>>();

/** One promise a connection, however many requests come on it. */
function closingOf(socket: Socket): Promise<void> {
  const closing =
    closings.get(socket) ?? new Promise<void>((resolve) => socket.once("close", () => resolve()));
  closings.set(socket, closing);
  return closing;
}
