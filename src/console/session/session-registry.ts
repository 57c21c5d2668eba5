import { OBJECT_TIMEOUT_MS, within } from "../../core/concurrency.ts";
import type { Env } from "../../env.ts";
import { deploymentOf } from "../../state/deployment/deployment-object.ts";
import { SignInProblem } from "./provider.ts";
import { untilOf, type Session } from "./session.ts";

/**
 * What the deployment knows of sessions and their cookies do not. When it cannot be asked that is a problem, and never
 * taken for a session that goes on.
 */
export class SessionRegistry {
  readonly #env: Env;

  constructor(env: Env) {
    this.#env = env;
  }

  /** Whether somebody has ended the session: copies of its cookie do not bring it back. */
  isEnded(session: Session): Promise<boolean | SignInProblem> {
    return ask(() => deploymentOf(this.#env).isConsoleSessionEnded(session.id));
  }

  /** Ends the session, whoever has its cookie. */
  end(session: Session): Promise<void | SignInProblem> {
    return ask(() => deploymentOf(this.#env).endConsoleSession(markOf(session)));
  }

  /**
   * Whether this request is to get the session's next tokens. Of several at a time one is: providers take a refresh
   * token that comes twice for a stolen one (RFC 9700 section 4.14.2).
   */
  claimRenewal(session: Session): Promise<boolean | SignInProblem> {
    return ask(() => deploymentOf(this.#env).claimConsoleSessionRenewal(markOf(session)));
  }
}

function markOf(session: Session) {
  return { id: session.id, renewals: session.renewals, until: untilOf(session) };
}

async function ask<T>(question: () => Promise<T>): Promise<T | SignInProblem> {
  try {
    return await within(OBJECT_TIMEOUT_MS, question());
  } catch (error) {
    return new SignInProblem("unconfirmed", String(error));
  }
}
