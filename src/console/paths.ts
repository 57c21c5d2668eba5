/** Where the console's paths begin. */
export const CONSOLE = "/-/console";

/** The first page. */
export const HOME = `${CONSOLE}/keys`;

/** What was just done to a key, for its page to say. */
export const OUTCOMES = ["saved", "disabled", "enabled"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** The page of a key. */
export function keyPage(id: string, outcome?: Outcome): string {
  return link(`${HOME}/${encodeURIComponent(id)}`, { done: outcome });
}

/** The form of a new key like another. */
export function duplicatePage(id: string): string {
  return link(`${HOME}/new`, { from: id });
}

/** Pages for admins. */
export const ALL_KEYS = `${CONSOLE}/all-keys`;
export const OVERVIEW = `${CONSOLE}/overview`;
export const PEOPLE = `${CONSOLE}/people`;
export const SERVICE_USERS = `${CONSOLE}/service-users`;
export const USAGE = `${CONSOLE}/usage`;
export const AUDIT = `${CONSOLE}/audit`;
export const ORGANIZATION = `${CONSOLE}/organization`;

/** The page of a key's owner. */
export function ownerPage({ id, kind }: { readonly id: string; readonly kind: "user" | "service" }): string {
  return `${kind === "user" ? PEOPLE : SERVICE_USERS}/${encodeURIComponent(id)}`;
}

/** What is found, and what is done to the keys that were chosen. */
export const SEARCH = `${CONSOLE}/search`;
export const SELECTED_KEYS = `${CONSOLE}/selected-keys`;

export const ACCOUNT = `${CONSOLE}/account`;

/** A path and query of one of the console's pages, as browsers write them. */
const OWN_PATH = /^\/-\/console\/[\w\-.~!$&'()*+,;=:@%/?]*$/;
/** What is no page to return to. */
const PASSAGES = /^\/-\/console\/(sign-in|sign-out|signed-out|callback|theme|assets)(\/|$)/;
const MAX_LENGTH = 1000;

/** The page of the console to go to after signing in: `wanted` if it is one, else the first page. */
export function returnPath(wanted: string | undefined): string {
  if (wanted === undefined || wanted.length > MAX_LENGTH || !OWN_PATH.test(wanted)) return HOME;
  // Resolved as the browser will: dot segments must not lead out.
  const { pathname, search } = new URL(wanted, "http://console.invalid");
  // Decoded as the router will: another spelling of a passage is one, too.
  const decoded = decode(pathname);
  const isPage = pathname.startsWith(`${CONSOLE}/`) && decoded !== null && !PASSAGES.test(decoded);
  return isPage ? pathname + search : HOME;
}

/** `null` when its escapes are no UTF-8. */
function decode(pathname: string): string | null {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return null;
  }
}

/** The page that a request is about. A form is sent to the page that it is on, so this is where it can be found again. */
export function pathOf(request: Request): string {
  const { pathname, search } = new URL(request.url);
  return returnPath(pathname + search);
}

/** Ways to ask for a second factor: of the provider's session, or with a new sign-in. */
export const STEP_UP = { factor: "1", anew: "2" } as const;

/** Where a sign-in starts that leads back to a page of the console; with `stepUp` it asks for a second factor. */
export function startUrl(returnTo: string, stepUp?: keyof typeof STEP_UP): string {
  return link(`${CONSOLE}/sign-in/start`, { return: returnTo, step_up: stepUp && STEP_UP[stepUp] });
}

/** A path with its query; parameters that are `undefined` or empty are left out. */
export function link(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given).toString()}`;
}
