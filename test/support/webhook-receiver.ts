import { createServer } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { Webhook } from "standardwebhooks";
import { close, listen } from "./issuer.ts";

/** A message as it arrived. */
interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly at: number;
}

interface Event {
  readonly type: string;
  readonly timestamp: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An endpoint for webhooks: records what arrives, and answers as it is told. */
export interface WebhookReceiver {
  readonly url: string;
  readonly received: Received[];
  /** Sends the answer; 204 unless it is replaced. */
  answer: (response: ServerResponse, message: Received) => void;
  /** The events of a type about a key that arrived and verify with the secret. */
  events(secret: string, type: string, keyId?: string): Event[];
  stop(): Promise<void>;
}

export async function startReceiver(): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString();
      const message = { path: request.url ?? "", headers: request.headers, body, at: Date.now() };
      received.push(message);
      receiver.answer(response, message);
    });
  });
  const url = await listen(server);
  const receiver: WebhookReceiver = {
    url: `${url}/hook`,
    received,
    answer: (response) => void response.writeHead(204).end(),
    events: (secret, type, keyId) =>
      received
        .map((message) => verify(secret, message))
        .filter((event) => event.type === type && (keyId === undefined || event.data["id"] === keyId)),
    stop: () => close(server),
  };
  return receiver;
}

/** The event in a message; throws unless it verifies with the secret. */
export function verify(secret: string, { body, headers }: Received): Event {
  return new Webhook(secret).verify(body, headers as Record<string, string>) as Event;
}
