import { connect, type Socket } from "node:net";

/** A response as it came over the wire. */
export interface RawResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly values: (name: string) => readonly string[];
  /** What came of the body, without chunk framing. */
  readonly body: Buffer;
  /** Whether the body came to the end that its framing promised. */
  readonly complete: boolean;
}

/** A TCP connection to a server, for what an HTTP client would not send or would not show. */
export class RawConnection {
  /** Settles when the server has closed the connection. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #changed: () => void = () => {};

  constructor(url: URL | string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.on("data", (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      this.#changed();
    });
    // A reset is how some tests expect the connection to end.
    this.#socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      this.#socket.once("close", () => {
        this.#ended = true;
        this.#changed();
        resolve();
      });
    });
  }

  /** Sends bytes; a string goes out with one byte per character. */
  send(data: string | Buffer): void {
    this.#socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data);
  }

  /** Sends bytes, and reads nothing while it does. */
  async sendUnread(data: string | Buffer): Promise<void> {
    this.#socket.pause();
    await new Promise<void>((resolve, reject) => {
      this.#socket.once("error", reject);
      this.#socket.write(typeof data === "string" ? Buffer.from(data, "latin1") : data, () => resolve());
    });
    this.#socket.resume();
  }

  /** Everything received so far, one character per byte. */
  get text(): string {
    return this.#received.toString("latin1");
  }

  /** Waits until the text received satisfies the condition. Rejects if the connection ends before. */
  async until(condition: (text: string) => boolean): Promise<void> {
    while (!condition(this.text)) {
      if (this.#ended) throw new Error(`the connection ended after ${JSON.stringify(this.text)}`);
      await this.#change();
    }
  }

  /** Waits for the response to a request with this method, or for as much as came before the connection ended. */
  async response(method = "GET"): Promise<RawResponse> {
    for (;;) {
      const response = parseResponse(this.#received, method, this.#ended);
      if (response?.complete || this.#ended) {
        if (response !== null) return response;
        throw new Error(`no response, but ${JSON.stringify(this.text)}`);
      }
      await this.#change();
    }
  }

  /** Closes the connection at once and tells the server so. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Closes the connection in the ordinary way. */
  close(): void {
    this.#socket.destroy();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve;
    });
  }
}

/** Sends one request on a connection of its own and returns the response. */
export async function sendRaw(url: URL | string, request: string | Buffer): Promise<RawResponse> {
  const connection = new RawConnection(url);
  connection.send(request);
  const response = await connection.response(request.toString("latin1").split(" ", 1)[0]);
  connection.close();
  return response;
}

/**
 * Sends one request as many clients do: nothing is read before all of it is sent. Rejects when the server closes the
 * connection before.
 */
export async function sendThenRead(url: URL | string, request: string | Buffer): Promise<RawResponse> {
  const connection = new RawConnection(url);
  await connection.sendUnread(request);
  const response = await connection.response(request.slice(0, 16).toString("latin1").split(" ", 1)[0]);
  connection.close();
  return response;
}

/** The text of a request without a body; each header is one line. */
export function requestText(method: string, target: string, headers: readonly string[] = []): string {
  return [`${method} ${target} HTTP/1.1`, "Host: api.example", ...headers, "", ""].join("\r\n");
}

function parseResponse(bytes: Buffer, method: string, ended: boolean): RawResponse | null {
  const split = bytes.indexOf("\r\n\r\n");
  if (split === -1) return null;
  const [statusLine = "", ...lines] = bytes.subarray(0, split).toString("latin1").split("\r\n");
  const status = Number(statusLine.split(" ")[1]);
  const rest = bytes.subarray(split + 4);
  if (status === 100) return parseResponse(rest, method, ended);
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const values = (name: string): string[] =>
    headers.filter(([n]) => n.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) {
    return { status, headers, values, body: Buffer.alloc(0), complete: true };
  }
  if (values("transfer-encoding").includes("chunked")) return { status, headers, values, ...dechunk(rest) };
  const length = Number(values("content-length")[0] ?? Number.POSITIVE_INFINITY);
  const complete = length === Number.POSITIVE_INFINITY ? ended : rest.length >= length;
  return { status, headers, values, body: rest.subarray(0, length), complete };
}

function dechunk(bytes: Buffer): { body: Buffer; complete: boolean } {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) return { body: Buffer.concat(parts), complete: false };
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    if (size === 0) return { body: Buffer.concat(parts), complete: bytes.includes("\r\n\r\n", lineEnd) };
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
