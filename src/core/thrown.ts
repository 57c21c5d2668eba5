/** What was thrown, which may be anything. */

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The message in one line. */
export function lineOf(thrown: unknown): string {
  return messageOf(thrown).replaceAll(/\s*\n\s*/g, " ");
}

/** The system's name for what went wrong, such as `ENOENT`. */
export function systemCodeOf(thrown: unknown): string | undefined {
  const isNamed = thrown instanceof Error && "code" in thrown && typeof thrown.code === "string";
  return isNamed ? String(thrown.code) : undefined;
}
