import { type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";

export interface ControlAnswer {
  readonly status: number;
  /** The parsed JSON; `null` for an empty body. */
  readonly body: unknown;
}

/** Sends one request to the control API. */
export type ControlClient = (method: string, path: string, body?: object) => Promise<ControlAnswer>;

/**
 * A client of the control API with one identity token. `host` goes into the `Host` header, which `fetch` does not allow:
 * a gateway with a control host answers under that name alone.
 */
export function controlClient(gateway: string, token: string, host: string | null): ControlClient {
  const headers = {
    Authorization: `Bearer ${token}`,
    "Content-Type": "application/json",
    ...(host !== null && { Host: host }),
  };
  return async (method, path, body) => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = request(gateway + path, { method, headers }, resolve);
      call.on("error", reject);
      call.end(body && JSON.stringify(body));
    });
    const answer = await text(response);
    return { status: response.statusCode ?? 0, body: answer === "" ? null : JSON.parse(answer) };
  };
}
