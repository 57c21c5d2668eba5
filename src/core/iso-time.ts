/** Later times have no ISO 8601 form in four digits of a year; milliseconds since the epoch. */
export const END_OF_TIME = Date.parse("9999-12-31T23:59:59.999Z");

/** An ISO 8601 time in UTC for milliseconds since the epoch. */
export function isoTime(ms: number): string;
export function isoTime(ms: number | null): string | null;
export function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
