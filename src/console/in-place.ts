import { CONSOLE } from "./paths.ts";

/**
 * The header of a form that scripts have sent and whose answer they draw. It is answered 200 whatever became of it: browsers
 * report any other status as an error of the page.
 */
export const IN_PLACE = "X-Console-In-Place";
/** The header of everything that the console answers. What stands between it and a browser may answer, too, and sends none. */
export const OWN_ANSWER = "X-Console-Answer";

interface Answer {
  /** Whether the console has marked it as its own. */
  readonly isOwn: boolean;
  readonly isPage: boolean;
  /** Where it was found, after redirects. */
  readonly url: string;
  /** Where the form was sent. */
  readonly action: string;
}

/**
 * What to do with the answer to a form: draw it, load the page that a redirect led to, or keep the form, since what became
 * of it is not known.
 */
export function fateOf({ isOwn, isPage, url, action }: Answer): "draw" | "go" | "keep" {
  const [sent, found] = [new URL(action), new URL(url || action)];
  sent.hash = found.hash = "";
  const isHere = found.href === sent.href;
  if (isOwn) return isPage && isHere ? "draw" : "go";
  // Nobody else redirects to another page of the console: the form has arrived.
  const isOurs = found.origin === sent.origin && found.pathname.startsWith(`${CONSOLE}/`);
  return isOurs && !isHere ? "go" : "keep";
}

const MAX_WAIT_S = 3600;

/** When to try again, by a `Retry-After` header (RFC 9110 section 10.2.3) that is read at `now` (milliseconds). */
export function whenToRetry(retryAfter: string | null, now: number): string {
  const text = retryAfter?.trim() ?? "";
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - now) / 1000);
  if (!(seconds > 0)) return "in a moment";
  if (seconds > MAX_WAIT_S) return "later";
  return seconds === 1 ? "in a second" : `in ${seconds} seconds`;
}
