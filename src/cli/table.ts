/** Lines up rows under a heading; what does not apply is a dash. */
export function table(heading: readonly string[], rows: readonly (readonly (string | null)[])[]): string {
  return new GrowingTable(heading).add(rows);
}

/** A table that is printed while it grows: the columns are as wide as what has come so far needs. */
export class GrowingTable {
  readonly #widths: number[];
  #unprinted: readonly (readonly string[])[];

  constructor(heading: readonly string[]) {
    this.#widths = heading.map(() => 0);
    this.#unprinted = [heading];
  }

  /** The text of further rows, the first time below the heading. */
  add(rows: readonly (readonly (string | null)[])[]): string {
    const lines = [...this.#unprinted, ...rows.map((row) => row.map((cell) => clean(cell ?? "-")))];
    this.#unprinted = [];
    for (const line of lines) {
      for (const [i, cell] of line.entries()) this.#widths[i] = Math.max(this.#widths[i] ?? 0, cell.length);
    }
    return lines.map((line) => this.#lineOf(line)).join("");
  }

  #lineOf(cells: readonly string[]): string {
    const padded = cells.map((cell, i) => cell.padEnd(this.#widths[i] ?? 0));
    return `${padded.join("  ").trimEnd()}\n`;
  }
}

/** Reasons and names are other people's texts: none may move a terminal's cursor, or turn round what stands beside it. */
function clean(cell: string): string {
  return cell.replaceAll(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, "\uFFFD");
}
