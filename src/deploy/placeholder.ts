/** What asks for a value: brackets around the name of one, what a shell or a template would fill in, and words. */
const MARKS = /[<>]|\$\{|\{\{|%[A-Z_]+%|__[A-Z_]+__|\[[a-z][\w -]*\]|\.\.\.|…/i;
const WORDS =
  /(?:^|[^a-z])(?:todo|tbd|fixme|xxx+|placeholder|change[-_ ]?me|fill[-_ ]?me|replace[-_ ]?(?:me|this|with)|insert[-_ ]here|your|your(?:domain|company|tenant|org|app|api|host|name|site)|my(?:domain|company))(?![a-z])/i;

/** Whether a text stands in for one that somebody still has to fill in. */
export function isPlaceholder(text: string): boolean {
  return MARKS.test(text) || WORDS.test(text);
}

const ID = /^[0-9a-f]{32}$/;
/** Random ids have more (all but one in 10^12), and do not repeat themselves. */
const LEAST_DIFFERENT_LETTERS = 6;

/** Whether a text can be an id that Cloudflare has given: zeros, counting and repeated letters never are. */
export function isGivenId(text: string): boolean {
  const repeats = text.slice(0, text.length / 2) === text.slice(text.length / 2);
  return ID.test(text) && !repeats && new Set(text).size >= LEAST_DIFFERENT_LETTERS;
}
