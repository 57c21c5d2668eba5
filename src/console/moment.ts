/** How moments are written; pages and their scripts write them alike. */

/** How exactly: to the minute or to the second. */
export type Precision = "minute" | "second";

type Options = Intl.DateTimeFormatOptions;

const DAY: Options = { day: "numeric", month: "short" };
const LONG_DAY: Options = { ...DAY, year: "numeric" };
const TIME: Options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const MINUTE: Options = { ...DAY, year: "numeric", ...TIME };
const FORMS = { minute: MINUTE, second: { ...MINUTE, second: "2-digit" } } as const;
const ZONE: Options = { timeZoneName: "short" };

/** Like "20 Nov 2026, 21:47 UTC". `zone`: a name of the time zone database; `undefined` for the device's. */
export function formatMoment(iso: string, to: Precision, zone: string | undefined): string {
  const at = Date.parse(iso);
  const parts = formatOf(ZONE, zone).formatToParts(at);
  // Like "UTC", "CET" or "GMT+5:30".
  const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  return `${formatOf(FORMS[to], zone).format(at)} ${name}`;
}

/** A day of UTC, like "20 Nov 2026 (UTC)", in whatever zone one is. */
export function formatUtcDay(iso: string): string {
  return `${formatOf(LONG_DAY, "UTC").format(Date.parse(iso))} (UTC)`;
}

/** Like "20 Nov". */
export function formatDay(iso: string, zone: string | undefined): string {
  return formatOf(DAY, zone).format(Date.parse(iso));
}

/** Like "21:47". */
export function formatTime(iso: string, zone: string | undefined): string {
  return formatOf(TIME, zone).format(Date.parse(iso));
}

/** Making a format takes longer than all that it writes on a page. */
const formats = new Map<Options, Map<string, Intl.DateTimeFormat>>();

function formatOf(options: Options, zone: string | undefined): Intl.DateTimeFormat {
  const byZone = formats.get(options) ?? new Map<string, Intl.DateTimeFormat>();
  formats.set(options, byZone);
  const format = byZone.get(zone ?? "") ?? new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone });
  byZone.set(zone ?? "", format);
  return format;
}
