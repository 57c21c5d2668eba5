/** Shorter texts are no keys. */
const MIN_LENGTH = 16;
const MAX_LENGTH = 256;
/** What is as long as this, and no name, is taken to be one. */
const SURE_LENGTH = 24;
/** Runs of one kind of character are that long in names, and shorter in what a machine has drawn. */
const NAME_RUN = 3;
/** A text of more words than this is no place where somebody keeps one key. */
export const MAX_CANDIDATES = 5;

/** A key of ours, wherever it stands. */
const OUR_KEY = /(?<![A-Za-z])[a-z][a-z0-9]{0,15}_[0-9A-Za-z]{50}(?![0-9A-Za-z])/g;
/** The id of a key or service user, or the beginning of a key, in the midst of an address or a line of a log. */
const PUBLIC_PART =
  /(?<![0-9A-Za-z])((svc_[0-9a-f]{32})|([a-z][a-z0-9]{0,15}_[0-9A-Za-z]{12}))(?![0-9A-Za-z])/;
/** The ids of keys and service users, and the beginnings of keys. */
const OUR_PARTS = /^((key|svc)_\w+|[a-z0-9]+_[0-9A-Za-z]{12}…?)$/i;
/** What is no key, however long: ids of ours and of providers, the beginnings of keys, addresses. */
const NO_KEYS = [
  OUR_PARTS,
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  // Vaults and organisations, and other short ids after a word: too short for a secret.
  /^((vault|org)[_-][0-9A-Za-z-]{1,20}|[a-z]{3,16}_[0-9a-z]{1,12})$/,
  // Subjects of Auth0, Okta and Google.
  /^([a-z0-9-]+\|\S+|00u[0-9a-z]{17}|\d{21})$/i,
  /^([^\s@]+@\S+|https?:\/\/.*)$/i,
  // Moments in lines of logs.
  /^\d{4}-\d\d-\d\dT\d\d:\d\d[\d:.,+\-Z]*$/,
];
/** What leaves no doubt that a key is not there in full: its id in its place, or its beginning and marks for the rest. */
const NO_WHOLE_KEY =
  /(?<![0-9A-Za-z])(key_[0-9A-Za-z]{12}|svc_[0-9a-f]{32}|[a-z][a-z0-9]{0,15}_[0-9A-Za-z]{12}(?=[*•…]|\.{3}))(?![0-9A-Za-z])/;
/** As long as a key and its id are in an `Authorization` header's Base64. */
const BASE64 = /(?<![0-9A-Za-z+/])[0-9A-Za-z+/]{64,}={0,2}(?![0-9A-Za-z+/=])/g;
/** Words and short numbers between hyphens, dots and underscores, as people name things. */
const NAME =
  /^(?=.*[A-Za-z]{5})([A-Z]?[a-z]+\d{0,2}|[A-Z]+\d{0,2}|\d{1,4})([-_.]([A-Z]?[a-z]+\d{0,2}|[A-Z]+\d{0,2}|\d{1,4}))+$/;

/** What browsers and editors put into a text and nobody sees. */
const UNSEEN = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
/** Begins only at the start of a run: an expression that could begin anywhere would take quadratic time. */
const WRAPPING = /^[^0-9A-Za-z]+|(?<=[0-9A-Za-z])[^0-9A-Za-z]+$/g;

/**
 * The strings of a text that may be whole keys, the likeliest first: those of our form, wherever they stand; else the
 * text as it is, or what is left of its words without quotes, the name of a header or variable, and the address that
 * they are a parameter of. They are looked for by their hashes and never stand in an address.
 */
export function keysIn(text: string): string[] {
  const seen = plain(text);
  const found = oursIn(seen) ?? (NO_WHOLE_KEY.test(seen) ? [] : opaqueIn(seen));
  return [...new Set(found)].slice(0, MAX_CANDIDATES);
}

/** A text as people see it, in the plain form of its letters (NFKC): full-width ones are those of a key. */
function plain(text: string): string {
  return text.replaceAll(UNSEEN, "").normalize("NFKC").trim();
}

/** Keys of our form as they are, else with their escapes and Base64 resolved, or put together over the end of a line. */
function oursIn(seen: string): string[] | null {
  for (const text of [seen, unescaped(seen), fromBase64(seen), joined(seen), joined(unescaped(seen))]) {
    const ours = [...text.matchAll(OUR_KEY)].map(([key]) => key);
    if (ours.length > 0) return ours;
  }
  return null;
}

/** Escapes of plain characters in addresses, JSON and scripts, HTML, and mail; what is escaped twice, too. */
const ESCAPE =
  /%([2-7][0-9a-f])|\\u00([2-7][0-9a-f])|\\x([2-7][0-9a-f])|&#x0*([2-7][0-9a-f]);|&#0*(\d{2,3});|=([2-7][0-9A-F])/gi;

function unescaped(text: string): string {
  const once = text.replaceAll(ESCAPE, (whole, ...groups: (string | undefined)[]) => {
    const [percent, unicode, hex, entity, decimal, mail] = groups;
    const code =
      decimal === undefined
        ? Number.parseInt(percent ?? unicode ?? hex ?? entity ?? mail ?? "", 16)
        : Number(decimal);
    return code > 0x20 && code < 0x7f ? String.fromCharCode(code) : whole;
  });
  return once === text ? text : unescaped(once);
}

function fromBase64(text: string): string {
  return [...text.matchAll(BASE64)].map(([word]) => decoded(word)).join(" ");
}

function decoded(word: string): string {
  try {
    return atob(word);
  } catch {
    // It has the letters of Base64 by chance.
    return "";
  }
}

/** For a text that has only a few breaks in it, as where a key was copied from several lines. */
function joined(text: string): string {
  return text.replaceAll(/[\s\\]+|=(?=\s)/g, "");
}

function opaqueIn(seen: string): string[] {
  return [seen, ...seen.split(/\s+/).flatMap(unwrapped)].filter(isOpaque);
}

/** A word, and each value in it: of a header, a variable, or a part of an address. */
function unwrapped(word: string): string[] {
  const values = word.split(/https?:\/\//i.test(word) ? /[=:&?#"'`<>/]/ : /[=:&?#"'`<>]/);
  return [word, ...values].flatMap((part) => [part.replaceAll(WRAPPING, ""), part]);
}

/** Whether a word is taken to be a key of any form. */
function isOpaque(word: string): boolean {
  if (word.length < MIN_LENGTH || /\s/.test(word) || isKnownForm(word)) return false;
  if (isDrawn(word) || /^\d+$/.test(word)) return true;
  return word.length >= SURE_LENGTH && /\d/.test(word) && /[A-Za-z]/.test(word);
}

function isKnownForm(word: string): boolean {
  return NAME.test(word) || NO_KEYS.some((form) => form.test(word));
}

/** Whether kinds of characters change as often as where each is drawn by itself. */
function isDrawn(word: string): boolean {
  const runs = word.match(/[A-Z]?[a-z]+|[A-Z]+|\d+/g) ?? [];
  return runs.length > 0 && runs.join("").length / runs.length < NAME_RUN;
}

/** The text if it may be a key as well as a name: it is searched for as a key first. */
export function maybeKey(text: string): string | null {
  const seen = plain(text);
  const isForm = /^[\x21-\x7e]+$/.test(seen) && seen.length >= MIN_LENGTH && seen.length <= MAX_LENGTH;
  const isPart = OUR_PARTS.test(seen) || NO_WHOLE_KEY.test(seen);
  return isForm && keysIn(seen).length === 0 && !isPart ? seen : null;
}

/** What a text without a key is searched for: the id or beginning of a key that is in it, else all of it. */
export function searchedFor(text: string): string {
  const seen = text.replaceAll(UNSEEN, "").trim();
  return PUBLIC_PART.exec(plain(text))?.[0] ?? seen;
}
