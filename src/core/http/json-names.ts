/**
 * The first name that stands twice in one object of well-formed JSON text; `null` if none does. What such an object means
 * depends on who reads it (RFC 8259 section 4).
 */
export function repeatedName(json: string): string | null {
  const [first] = repetitionsIn(json);
  return first?.name ?? null;
}

/**
 * JSON text with blanks behind a name that stands again later in its object, so that no value is lost when it is parsed, and
 * the last one counts.
 */
export function withNamesApart(json: string): string {
  const ends = repetitionsIn(json).map(({ before }) => before);
  const parts: string[] = [];
  let from = 0;
  for (const [i, end] of ends.toSorted((a, b) => a - b).entries()) {
    parts.push(json.slice(from, end), blanks(i));
    from = end;
  }
  return [...parts, json.slice(from)].join("");
}

/** Other blanks for every number, few even for a large one. */
function blanks(number: number): string {
  return number.toString(2).replaceAll("0", " ").replaceAll("1", "\u00a0");
}

interface Repetition {
  readonly name: string;
  /** Where the name ends that stood before: its closing quote. */
  readonly before: number;
}

function repetitionsIn(json: string): Repetition[] {
  const objects: Map<string, number>[] = [];
  const found: Repetition[] = [];
  for (let i = 0; i < json.length; i++) {
    const letter = json[i];
    if (letter === "{") objects.push(new Map());
    else if (letter === "}") objects.pop();
    else if (letter === '"') {
      const end = endOfText(json, i);
      const names = objects.at(-1);
      if (names !== undefined && isName(json, end)) {
        const name = String(JSON.parse(json.slice(i, end + 1)));
        const before = names.get(name);
        if (before !== undefined) found.push({ name, before });
        names.set(name, end);
      }
      i = end;
    }
  }
  return found;
}

function endOfText(json: string, start: number): number {
  let end = start + 1;
  while (end < json.length && json[end] !== '"') end += json[end] === "\\" ? 2 : 1;
  return end;
}

/** Whether a colon follows a text: it is the name of a member. */
function isName(json: string, end: number): boolean {
  let next = end + 1;
  while (/\s/.test(json[next] ?? "")) next++;
  return json[next] === ":";
}
