import { Webhook } from "standardwebhooks";

/** A message as the endpoint gets it. */
interface Message {
  readonly id: string;
  readonly payload: string;
}

/** What became of one attempt at delivering a message. */
export interface Attempt {
  readonly delivered: boolean;
  /** The HTTP status of the answer; `null` when there was none. */
  readonly status: number | null;
  /** A sentence for the organisation's admins; `null` when there was an answer. */
  readonly error: string | null;
  /** How long the endpoint asks to be left alone. */
  readonly retryAfterMs: number | null;
}

/** The specification recommends 15 to 30 seconds. */
const TIMEOUT_MS = 15_000;

/** Sends a message to an endpoint, signed with each of the secrets. Never throws; reads nothing of the answer's body. */
export async function send(
  url: string,
  message: Message,
  secrets: readonly string[],
  now: number,
): Promise<Attempt> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "User-Agent": "Portcullis",
        ...sign(message, secrets, now),
      },
      body: message.payload,
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.body?.cancel();
    const { status, ok: delivered, headers } = response;
    return { delivered, status, error: null, retryAfterMs: readRetryAfter(headers, now) };
  } catch (error) {
    const timedOut = error instanceof Error && error.name === "TimeoutError";
    const problem = timedOut ? `No answer within ${TIMEOUT_MS / 1000} seconds` : "Could not be reached";
    return { delivered: false, status: null, error: problem, retryAfterMs: null };
  }
}

function sign({ id, payload }: Message, secrets: readonly string[], now: number): Record<string, string> {
  const at = new Date(now);
  return {
    "webhook-id": id,
    "webhook-timestamp": `${Math.floor(now / 1000)}`,
    "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(id, at, payload)).join(" "),
  };
}

/** Seconds or a date (RFC 9110 section 10.2.3), in milliseconds from now. */
function readRetryAfter(headers: Headers, now: number): number | null {
  const text = headers.get("Retry-After") ?? "";
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isFinite(ms) && ms > 0 ? ms : null;
}
