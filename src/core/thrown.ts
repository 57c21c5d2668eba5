/** What was thrown, which may be anything. */

export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The message in one line. */
export function lineOf(thrown: unknown): string {
  const lines = messageOf(thrown).split("\n");
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join(" ");
}

/** The system's name for what went wrong, such as `ENOENT`. */
export function systemCodeOf(thrown: unknown): string | undefined {
  const isNamed = thrown instanceof Error && "code" in thrown && typeof thrown.code === "string";
  return isNamed ? String(thrown.code) : undefined;
}
