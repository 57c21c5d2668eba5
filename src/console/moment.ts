/** How moments are written; pages and their scripts write them alike. */

/** How exactly: to the minute, to the second, or as the axis of a chart has room for. */
export type Precision = "minute" | "second" | "tick";

const DATE = { day: "numeric", month: "short", year: "numeric" } as const;
const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;

/** Like "20 Nov 2026, 21:47 UTC". `zone`: a name of the time zone database; `undefined` for the device's. */
export function formatMoment(iso: string, to: Precision, zone: string | undefined): string {
  const at = Date.parse(iso);
  if (to === "tick") return formatTick(at, zone);
  const options = { ...DATE, ...TIME, ...(to === "second" && { second: "2-digit" as const }) };
  const text = new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone }).format(at);
  return `${text} ${nameOf(zone, at)}`;
}

/** The time of day, or the day where one begins. */
function formatTick(at: number, zone: string | undefined): string {
  const time = new Intl.DateTimeFormat("en-GB", { ...TIME, timeZone: zone }).format(at);
  if (time !== "00:00") return time;
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: zone }).format(at);
}

/** Like "UTC", "CET" or "GMT+5:30". */
function nameOf(zone: string | undefined, at: number): string {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeZoneName: "short" });
  return format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
}
