import type { Context, ExecutionContext } from "hono";
import type { Me } from "../api-types/me.ts";
import type { Organization } from "../api-types/organization.ts";
import type { RoutePolicy } from "../core/policy/route-policy.ts";
import type { Env } from "../env.ts";
import type { Config } from "../settings.ts";
import type { Api, ApiResult } from "./api.ts";
import type { Session } from "./session/session.ts";

/** What the console works with. */
export interface Console {
  readonly config: Config;
  readonly env: Env;
  /** The API behind the gateway: what there is to reach, and how it is named. */
  readonly policy: Pick<RoutePolicy, "operations" | "resourceTypes" | "checkScope">;
  /**
   * The control API. The console is its client in the same process, with the rights of the person signed in.
   * `signIn`: claims of the verified ID token that came with the access token.
   */
  readonly callControl: (
    request: Request,
    context: ExecutionContext,
    signIn: Readonly<Record<string, unknown>>,
  ) => Promise<Response>;
}

/** What the operations of the API are called in every page, like `GET /v1/vaults/{vaultId}`, by their ids. */
export type OperationNames = ReadonlyMap<string, string>;

export interface ConsoleEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    /** The client's. */
    address: string;
    /** For the operator's log alone. */
    reason?: string;
    /** Set on pages that need a sign-in, as are the members below. */
    session: Session;
    api: Api;
    /** Ends every form that the session has given out: for a change that must not be repeated by loading a page again. */
    endForms: () => Promise<void>;
    me: Promise<ApiResult<Me>>;
    organization: Promise<ApiResult<Organization>>;
    operationNames: OperationNames;
  };
}

export type ConsoleContext = Context<ConsoleEnv>;
