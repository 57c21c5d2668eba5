/** NumericDates beyond the year 9999 are no times that anybody means. */
const MAX_TIME_S = 253_402_300_799;

/**
 * A time in seconds (RFC 7519 section 2, NumericDate), also where it is written as a text, as some providers do; `null`
 * where the value is no time that can be.
 */
export function numericDate(value: unknown): number | null {
  const time = typeof value === "string" && /^\d{1,12}$/.test(value) ? Number(value) : value;
  return typeof time === "number" && time >= 0 && time <= MAX_TIME_S ? time : null;
}
