/** Lines up rows under a heading; what does not apply is a dash. */
export function table(heading: readonly string[], rows: readonly (readonly (string | null)[])[]): string {
  const lines = [heading, ...rows.map((row) => row.map((cell) => cell ?? "-"))];
  const widths = heading.map((_, column) =>
    lines.reduce((max, line) => Math.max(max, line[column]?.length ?? 0), 0),
  );
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
