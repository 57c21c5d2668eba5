/** What asks for a value: brackets around the name of one, what a shell or a template would fill in, and words. */
const MARKS = /[<>]|\$\{|\{\{|%[A-Z_]{3,}%|__[A-Z_]+__|\[[a-z][\w -]*\]|\.\.\.|…/i;
/** What is asked for by `your-`: with other words it is a name that somebody has, such as `your-travel.com`. */
const YOURS =
  "(?:kv[-_ ]?)?(?:id|domain|subdomain|company|tenant|org|organi[sz]ation|account|app|application|api|backend|origin|host|hostname|name|site|website|realm|gateway|worker|client|client[-_ ]?id|audience|issuer|idp|key|secret|token|password|value|prefix|namespace|zone|region|project|team|workspace|service|url|uri|identity[-_ ]?provider)";
/** Whole words, since random ids hold them by chance. `todo.` may begin a host's name, and so may `your.` and `your-`. */
const WORDS = new RegExp(
  String.raw`(?:^|[^a-z0-9])(?:todo(?!\.[a-z])|tbd|fixme|xxx+|placeholder|change[-_ ]?me|fill[-_ ]?me|replace[-_ ]?(?:me|this|with)|insert[-_ ]here|your(?![.-][a-z0-9])|your[-_ ]?${YOURS}|my[-_]?(?:domain|company|tenant|org|realm|worker|site)|(?:the|own)[-_](?:domain|tenant|worker))\d*(?![a-z0-9])`,
  "i",
);
/** A hoster's domain, which its customers' servers are in. */
const REAL_NAMES = /\byour-(?:server|storageshare)\.de\b/gi;

/** Whether a text stands in for one that somebody still has to fill in. */
export function isPlaceholder(text: string): boolean {
  return MARKS.test(text) || WORDS.test(text.replaceAll(REAL_NAMES, ""));
}

const THING =
  "tenant|realm|region|domain|host|org|organi[sz]ation|account|company|customer|client|user-?pool|pool|env|environment|zone|project|audience|issuer|server|directory|worker|namespace";
/** Parts of a URL, a name or an id that say what is to stand there. */
const NAMED = [
  /^sub-?domain$/i,
  new RegExp(`^(?:${THING})[-_ ]?(?:id|name|domain|guid|uuid|url)$`, "i"),
  /^(?:(?:TENANT|REALM|REGION|DOMAIN|HOST|ORIGIN|ISSUER|ORG|ACCOUNT|COMPANY|CLIENT|USER|POOL|ENV|ENVIRONMENT|ZONE|NAME|AUDIENCE|URL|ID|GUID|UUID|VALUE|SECRET|OIDC|CORS|ORIGINS|WORKER|SUBDOMAIN|HOSTNAME)(?:_|$))+$/,
];
/** Such parts, too, but for a host's: `tenant.acme.io` may be somebody's. */
const NAMED_BUT_IN_HOSTS = /^(?:tenant|realm)$/i;
/** `your.bank` may be somebody's, `your.domain` is nobody's. */
const YOUR_THING = new RegExp(`(?:^|[^a-z0-9])your\\.(?:${THING})(?![a-z0-9])`, "i");
/** What providers' documents call a tenant, at hosts where each has a name of its own. */
const SAMPLE_TENANT =
  /(?:^|[^a-z0-9-])(?:dev-123456(?:78)?|(?:tenant|realm|company|domain|org)(?:\.[a-z]{2})?)\.(?:okta|oktapreview|auth0|b2clogin|ciamlogin|onelogin)\.com/i;
const GUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/gi;
/** Six digits and more that count from 1, by themselves or in front of a hyphen. */
const COUNTED = /^(?=\d{6})(?:1234567890)*(?:1(?:2(?:3(?:4(?:5(?:6(?:7(?:89?)?)?)?)?)?)?)?)?(?:-|$)/;
/** A part of a text, and the sign behind it. */
const PARTS = /([^\s/.:,;|?#&="'@{}()[\]]+)("?[.:=]?)/g;

/**
 * Whether a URL, a name or an id is made up in a part of it: `tenant`, `CLIENT_ID`, a GUID of zeros, digits that count.
 * Not for texts in which such words may be meant, like the names of claims.
 */
export function isMadeUp(text: string): boolean {
  if (isPlaceholder(text) || YOUR_THING.test(text) || SAMPLE_TENANT.test(text)) return true;
  if ((text.match(GUID) ?? []).some((id) => !isRandom(id.replaceAll("-", "").toLowerCase()))) return true;
  return [...text.matchAll(PARTS)].some(([, part = "", next = ""]) => isMadeUpPart(part, next));
}

/** The names of parameters and of a JSON object's fields are none to fill in. */
function isMadeUpPart(part: string, next: string): boolean {
  if (next === "=" || next === '":') return false;
  if (NAMED_BUT_IN_HOSTS.test(part) && next !== ".") return true;
  return COUNTED.test(part) || NAMED.some((named) => named.test(part));
}

/** Names that are reserved for examples (RFC 2606, RFC 6761). */
const RESERVED = /(?:^|\.)(?:example|invalid|test|localhost)\.?$/i;
/** Words for an example, and for what is to stand there. Other names that documents use, such as `foo.dev`, are somebody's. */
const SAMPLE = /(?:^|\.)(?:example|contoso|fabrikam)\.|(?:^|\.)(?:domain|company|website)\.[a-z]+\.?$/i;

export function isExampleHost(host: string): boolean {
  return RESERVED.test(host) || SAMPLE.test(host);
}

/** The first host in a text that documents use for examples; `null` if there is none. A claim may be `company.id`. */
export function exampleIn(text: string): string | null {
  const hosts = text.match(/(?<=\/\/)[a-z0-9-]+(?:\.[a-z0-9-]+)+/gi) ?? [];
  return hosts.find((host) => SAMPLE.test(host)) ?? null;
}

const ID = /^[0-9a-f]{32}$/;

/** Whether a text can be an id that Cloudflare has given: zeros, counting and repeated letters never are. */
export function isGivenId(text: string): boolean {
  return ID.test(text) && isRandom(text);
}

/** Random ids of 32 digits have more (all but one in 10^12). */
const LEAST_DIFFERENT_DIGITS = 6;
const LONGEST_PERIOD = 16;
/** Digits that far apart follow each other in ids that somebody has counted up (`0123…`, `1a2b3c…`). */
const LONGEST_STRIDE = 4;
/** Of random ids a fifth does; two thirds are one in 10^7. */
const MOST_IN_SEQUENCE = 2 / 3;

/** Whether 32 hexadecimal digits look drawn at random, neither repeated nor counted. */
function isRandom(digits: string): boolean {
  const values = Array.from(digits, (digit) => Number.parseInt(digit, 16));
  const steps = (apart: number) =>
    values.slice(apart).map((value, i) => (value - (values[i] ?? 0) + 16) % 16);
  const repeats = Array.from({ length: LONGEST_PERIOD }, (_, i) => steps(i + 1).every((step) => step === 0));
  const counts = Array.from({ length: LONGEST_STRIDE }, (_, i) => {
    const all = steps(i + 1);
    return all.filter((step) => step <= 1 || step === 15).length > all.length * MOST_IN_SEQUENCE;
  });
  return new Set(values).size >= LEAST_DIFFERENT_DIGITS && ![...repeats, ...counts].includes(true);
}
