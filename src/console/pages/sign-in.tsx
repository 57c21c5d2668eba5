import type { FC } from "hono/jsx";
import { Icon } from "../parts/icons.tsx";

/** The start page without a session. */
export const SignInPage: FC<{ startUrl: string; provider: string }> = ({ startUrl, provider }) => (
  <>
    <h1>Sign in</h1>
    <p>Create, find and revoke the API keys of your organisation.</p>
    <a role="button" href={startUrl}>
      Continue with {provider}
    </a>
  </>
);

/** On the way to the provider, which ends its own session too. */
export const SigningOutPage: FC<{ url: string }> = ({ url }) => (
  <>
    <h1>Signing out</h1>
    <p>You are signed out of Portcullis. Your identity provider signs you out as well.</p>
    <a role="button" href={url}>
      Continue
    </a>
  </>
);

/** `goesOnAt`: the provider, where it keeps its own session because it has no place to end it. */
export const SignedOutPage: FC<{ signInUrl: string; goesOnAt: string | null }> = ({
  signInUrl,
  goesOnAt,
}) => (
  <>
    <Icon name="check" />
    <h1>Signed out</h1>
    <p>You are signed out of Portcullis in this browser.</p>
    {goesOnAt !== null && (
      <p>
        You may still be signed in at {goesOnAt}. On a shared computer, sign out there as well: otherwise
        anyone who uses this browser can sign in here as you.
      </p>
    )}
    <a role="button" href={signInUrl}>
      Sign in again
    </a>
  </>
);
