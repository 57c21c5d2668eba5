import type { Child, FC } from "hono/jsx";
import { CSRF_FIELD } from "../session/csrf-field.ts";

interface Props {
  action: string;
  csrf: string;
  /**
   * A name under which what was filled in comes back after a sign-in that had to come in between. Passwords and fields
   * with `data-secret` are never kept.
   */
  keep?: string;
  /** Whether what follows from the values is shown as they are filled in. */
  live?: boolean;
  /** Whether it asks before what was filled in is lost. */
  unsaved?: boolean;
  class?: string;
  children?: Child;
}

/**
 * A form that changes something. It is sent to the path of the page that it is on, so that somebody who has to sign in
 * first finds it again there.
 */
export const Form: FC<Props> = ({
  action,
  csrf,
  keep,
  live = false,
  unsaved = false,
  class: className,
  children,
}) => (
  <form
    method="post"
    action={action}
    class={className}
    data-keep={keep}
    data-live={live ? "" : undefined}
    data-unsaved={unsaved ? "" : undefined}
    data-in-place={keep === undefined ? undefined : ""}
    data-needs-connection=""
  >
    <input type="hidden" name={CSRF_FIELD} value={csrf} />
    {keep && (
      <>
        <p class="banner good" role="status" data-restored="sign-in" hidden>
          You are signed in again. Nothing was sent yet; what you filled in is still here.
        </p>
        <p class="banner warn" role="status" data-restored="again" hidden>
          What you filled in is still here. It was not sent again.
        </p>
      </>
    )}
    {children}
  </form>
);

/** Leads away from a form without sending it. */
export const Cancel: FC<{ href: string }> = ({ href }) => (
  <a role="button" class="secondary outline" href={href}>
    Cancel
  </a>
);
