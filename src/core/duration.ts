const UNIT_MS = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
} as const;

/** Longest duration: a hundred years of 365 days. Beyond it dates lose their meaning before they lose their digits. */
const MAX_MS = 100 * UNIT_MS.y;

/**
 * Milliseconds of a duration like `90s`, `30m`, `12h`, `30d`, `2w` or `1y` (a year is 365 days, `m` is minutes);
 * `null` when it is not one, or is longer than a hundred years.
 */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,12})([smhdwy])$/.exec(text);
  if (!match) return null;
  const ms = Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
  return ms <= MAX_MS ? ms : null;
}
