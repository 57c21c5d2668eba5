/** What people read of a part of a page that is drawn by itself. */
export function partText(part: unknown): string {
  return String(part)
    .replaceAll(/<[^>]*>/g, "")
    .trim();
}
