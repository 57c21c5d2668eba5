import { refuse, type Result } from "../core/refusal.ts";

type Type = "string" | "number" | "null";
/** The fields of a position, and of which types each may be. */
type Shape = Readonly<Record<string, Type | readonly Type[]>>;

/** Writes where a page ends as an opaque cursor: base64url of JSON. */
export function writeCursor(position: object): string {
  const bytes = new TextEncoder().encode(JSON.stringify(position));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

/** The refusal of a cursor that was not written here. */
export const NO_CURSOR = refuse("invalid_request", {
  details: { field: "nextCursor", problem: "Not a cursor of this list" },
});

/** Reads a cursor back; one that was not written here is refused. */
export function readCursor<T extends object>(cursor: string, shape: Shape): Result<T> {
  try {
    const text = atob(cursor.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const position = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const fits = Object.entries(shape).every(([name, types]) =>
      [types].flat().some((type) => isOf(position[name], type)),
    );
    if (fits && Object.keys(position).length === Object.keys(shape).length) return position as T;
  } catch {
    // Falls through to the refusal.
  }
  return NO_CURSOR;
}

function isOf(value: unknown, type: Type): boolean {
  return type === "null" ? value === null : typeof value === type;
}
