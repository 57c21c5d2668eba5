/** Scripts whose letters join or part by the zero-width joiners (RFC 5892 appendix A). */
const JOINING =
  "Arabic Syriac Mongolian Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Khmer Myanmar"
    .split(" ")
    .map((script) => `\\p{Script=${script}}`)
    .join("");
/** Joiners that people see: within such a script, and within an emoji of several. */
const JOINER = `(?<=[${JOINING}])[\\u200C\\u200D](?=[${JOINING}])|(?<=[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\uFE0F])\\u200D(?=\\p{Extended_Pictographic})`;
/** Variation selectors: a sign is drawn in colour or not. */
const PRESENTATION = `(?<=[\\p{Extended_Pictographic}\\d#*])[\\uFE0E\\uFE0F]`;
const INVISIBLE = new RegExp(
  `(${JOINER}|${PRESENTATION})|[\\p{Cf}\\p{Default_Ignorable_Code_Point}]|(?!\\s)\\p{Cc}`,
  "gu",
);
/** What makes two texts that look the same differ, or turns their letters around; lines and tabs are seen. */
const HIDDEN = new RegExp(
  `(${JOINER}|${PRESENTATION})|\\p{Default_Ignorable_Code_Point}|(?![\\t\\n\\r])\\p{Cc}`,
  "gu",
);
const CONTROL = /(?![\t\n\r])\p{Cc}/u;

/** Whether a text holds what no text should: halves of letters, control characters other than lines and tabs. */
export function isBroken(text: string): boolean {
  return !text.isWellFormed() || CONTROL.test(text);
}

/** Whether a text holds letters that cannot be seen or that are none: halves of letters, control characters, marks of direction. */
export function hidesLetters(text: string): boolean {
  return !text.isWellFormed() || text.matchAll(HIDDEN).some(([, seen]) => seen === undefined);
}

/** A text that somebody else may have written, without what cannot be seen and would change how the rest is read. */
export function seenText(text: string): string {
  if (/^[\t\n\r -~]*$/.test(text)) return text;
  return text
    .toWellFormed()
    .replaceAll(/(?![\t\n\r])\p{Cc}/gu, "")
    .replaceAll(INVISIBLE, (_, seen: string | undefined) => seen ?? "");
}

/**
 * A name in the one spelling in which it is kept: composed letters (Unicode's NFC), single spaces for white space of
 * any kind, none around it, and nothing that cannot be seen.
 */
export function plainName(name: string): string {
  return name
    .toWellFormed()
    .replaceAll(INVISIBLE, (_, seen: string | undefined) => seen ?? "")
    .replaceAll(/\s+/gu, " ")
    .trim()
    .normalize("NFC");
}
