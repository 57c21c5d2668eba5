import { base64url, EncryptJWT, errors, jwtDecrypt } from "jose";
import { z } from "zod";
import { isRefusal, refuse } from "../../core/refusal.ts";
import { OBJECT_TIMEOUT_MS, within } from "../../core/concurrency.ts";
import type { Env } from "../../env.ts";
import { deploymentOf } from "../../state/deployment/deployment-object.ts";
import type { ConsoleContext } from "../context.ts";
import type { SignInResult } from "./provider-refusals.ts";
import type { SealedCookies } from "./sealed-cookies.ts";
import { SessionSchema, untilOf, type Session } from "./session.ts";

const COOKIE = "portcullis-session";
/** Far beyond the tokens of any provider; a row of the deployment's holds 2 MB. */
const MAX_LENGTH = 1_572_864;
const KEY_BYTES = 32;

/** What the browser keeps: which session, and the key that opens it. */
const Ticket = z.object({ id: z.string(), key: z.string(), until: z.number() });
type Ticket = z.output<typeof Ticket>;

/** A session and the ticket by which its browser has it. */
export interface Held {
  readonly session: Session;
  readonly ticket: Ticket;
}

/**
 * Sessions of the console. Tokens of a provider may be larger than cookies can be, and every request would carry them, so
 * the deployment keeps them, sealed by a key that only the browser's cookie holds. When the deployment cannot be asked
 * that is a problem, and never taken for a session that goes on.
 */
export class SessionStore {
  readonly #env: Env;
  readonly #cookies: SealedCookies;

  constructor(env: Env, cookies: SealedCookies) {
    this.#env = env;
    this.#cookies = cookies;
  }

  /** The session of the request, which may have expired, or `null` when there is none or it was ended. */
  async read(c: ConsoleContext): Promise<SignInResult<Held | null>> {
    const ticket = await this.#ticketOf(c);
    if (ticket === null) return null;
    const sealed = await ask(() => deploymentOf(this.#env).readConsoleSession(ticket.id));
    if (sealed === null || isRefusal(sealed)) return sealed;
    const session = await open(sealed, ticket);
    return session === null ? null : { session, ticket };
  }

  /** Begins a session in this browser, in place of its last one, of which a copy must not outlive signing out. */
  async begin(c: ConsoleContext, session: Session): Promise<SignInResult<void>> {
    const last = await this.#ticketOf(c);
    const problem = last === null ? undefined : await this.end(last);
    if (isRefusal(problem)) return problem;
    const key = base64url.encode(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
    const ticket = { id: session.id, key, until: untilOf(session) };
    const saved = await this.save({ session, ticket });
    if (isRefusal(saved)) return saved;
    await this.#cookies.write(c, COOKIE, { ticket });
  }

  /** Keeps a session as it is now; `false` when it was ended meanwhile. */
  async save({ session, ticket }: Held): Promise<SignInResult<boolean>> {
    const sealed = await seal(session, ticket);
    if (sealed.length > MAX_LENGTH) {
      return refuse("identity_token_invalid", {
        reason: `The tokens are too large: ${sealed.length} bytes when sealed`,
      });
    }
    const { id, subject: owner, renewals } = session;
    const content = { id, owner, renewals, sealed, until: untilOf(session) };
    return ask(() => deploymentOf(this.#env).saveConsoleSession(content));
  }

  /** Ends the session, also for copies of its cookie. */
  end({ id, until }: Ticket): Promise<SignInResult<void>> {
    return ask(() => deploymentOf(this.#env).endConsoleSession({ id, renewals: 0, until }));
  }

  /**
   * Whether this request is to get the session's next tokens. Of several at a time one is: providers take a refresh
   * token that comes twice for a stolen one (RFC 9700 section 4.14.2).
   */
  claimRenewal(session: Session): Promise<SignInResult<boolean>> {
    const { id, renewals } = session;
    return ask(() =>
      deploymentOf(this.#env).claimConsoleSessionRenewal({ id, renewals, until: untilOf(session) }),
    );
  }

  /** Has the browser forget its session. */
  clear(c: ConsoleContext): void {
    this.#cookies.clear(c, COOKIE);
  }

  async #ticketOf(c: ConsoleContext): Promise<Ticket | null> {
    const payload = await this.#cookies.read(c, COOKIE);
    return payload === null ? null : (Ticket.safeParse(payload["ticket"]).data ?? null);
  }
}

function seal(session: Session, { id, key }: Ticket): Promise<string> {
  return new EncryptJWT({ session })
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .setAudience(id)
    .encrypt(base64url.decode(key));
}

/** `null` when it was not sealed for this ticket. */
async function open(sealed: string, { id, key }: Ticket): Promise<Session | null> {
  try {
    const { payload } = await jwtDecrypt(sealed, base64url.decode(key), {
      audience: id,
      keyManagementAlgorithms: ["dir"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
    return SessionSchema.safeParse(payload["session"]).data ?? null;
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

async function ask<T>(question: () => Promise<T>): Promise<SignInResult<T>> {
  try {
    return await within(OBJECT_TIMEOUT_MS, question());
  } catch (error) {
    return refuse("admission_unavailable", { reason: String(error) });
  }
}
