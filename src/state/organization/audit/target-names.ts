import { foldName } from "../../../core/organization/folded-name.ts";
import { isRecord } from "../../../core/json.ts";
import { cut } from "./cut.ts";

/** Before each name, which has no line break itself: a text is looked for from a name's beginning. */
const BREAK = "\n";

/**
 * What the subject of an event was called before and after it, as people read it; `null` where that is on record with the
 * subject. A SCIM resource may be gone altogether, and what was renamed is still looked for by its earlier name.
 */
export function targetNames(action: string, before: object | null, after: object | null): string | null {
  if (!action.startsWith("scim_") && (before === null || after === null)) return null;
  const all = [...namesIn(before), ...namesIn(after)];
  const names = new Set(all.map((name) => foldName(cut(name))).filter((name) => name !== ""));
  return names.size === 0 ? null : [...names].map((name) => `${BREAK}${name}`).join("");
}

/** What is in {@link targetNames} where one of them begins with a text. */
export function nameBeginning(text: string): string {
  return `${BREAK}${foldName(text)}`;
}

function namesIn(value: object | null): string[] {
  if (!isRecord(value)) return [];
  const { name, displayName, userName } = value;
  const { formatted, givenName, familyName } = isRecord(name) ? name : {};
  const whole = [givenName, familyName].filter((part) => typeof part === "string").join(" ");
  return [name, displayName, userName, formatted, whole].filter((text) => typeof text === "string");
}
