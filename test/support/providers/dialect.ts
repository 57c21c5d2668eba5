/**
 * How real identity providers speak, as far as the product meets it, and the settings that `src/docs/identity-providers.md`
 * gives for each. Facts are from the pages that each names.
 */

export type Claims = Readonly<Record<string, unknown>>;

/** The parameters of an authorization request. */
export type SignInRequest = URLSearchParams;

/** Somebody at the provider. */
export interface Person {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  /** Names of roles or groups, as an organisation would call them. */
  readonly groups: readonly string[];
}

/** A sign-in that has been done. */
export interface Moment {
  readonly person: Person;
  readonly request: SignInRequest;
  /** Where the provider is. */
  readonly url: string;
  /** Seconds since the epoch. */
  readonly authTime: number;
}

interface SignOutDialect {
  readonly path: string;
  /** Whether the discovery document names it. */
  readonly discovered: boolean;
  /** Without these it answers with an error page. */
  readonly parameters: readonly string[];
  readonly returnParameter: string;
}

export interface Dialect {
  readonly name: string;
  /** Titles of the pages of its documentation that this rests on. */
  readonly pages: readonly string[];
  readonly clientId: string;
  /** `iss` of its tokens. */
  readonly issuer: (url: string) => string;
  /** `issuer` of its discovery document, where it is another. */
  readonly discoveredIssuer?: (url: string) => string;
  readonly paths: {
    readonly authorization: string;
    readonly token: string;
    readonly keys: string;
    /** `null` where the provider has no place to sign out at. */
    readonly signOut: SignOutDialect | null;
  };
  readonly furtherMetadata?: Claims;
  /** Whether `max_age` means nothing to it. */
  readonly ignoresMaxAge?: boolean;
  /** Why it does not take an authorization request, or `null`. */
  readonly complaint?: (request: SignInRequest) => string | null;
  readonly accessTokenType?: string;
  /** The claims of an access token, or an opaque one. */
  readonly accessToken: (moment: Moment) => Claims | string;
  readonly idToken: (moment: Moment) => Claims;
  readonly settings: (url: string) => Readonly<Record<string, string>>;
  /** What comes of it in the product; `null` where its access tokens can never be used. */
  readonly expected: {
    readonly orgId: string;
    readonly id: (person: Person) => string;
    /** Whether it can prove a second factor, and name operators. */
    readonly secondFactor: boolean;
    readonly operators: boolean;
  } | null;
}

export const STANDARD_SIGN_OUT = {
  discovered: true,
  parameters: ["id_token_hint", "client_id", "post_logout_redirect_uri"],
  returnParameter: "post_logout_redirect_uri",
} as const;
