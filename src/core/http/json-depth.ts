/** How deep arrays and objects of a caller may nest: what walks through them must not run out of stack. */
export const MAX_JSON_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING: readonly number[] = [0x5b, 0x7b];
const CLOSING: readonly number[] = [0x5d, 0x7d];

/** Whether JSON text (UTF-8) nests deeper than {@link MAX_JSON_DEPTH}; nothing is parsed, so the text may be anything. */
export function nestsTooDeep(json: Uint8Array): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i] ?? 0;
    if (quoted) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) quoted = true;
    else if (OPENING.includes(byte) && ++depth > MAX_JSON_DEPTH) return true;
    else if (CLOSING.includes(byte)) depth--;
  }
  return false;
}
