import type { FC } from "hono/jsx";
import { formatMoment } from "../moment.ts";

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
/** By numbers alone: "yesterday" and "next year" are days and years of the calendar, and not lengths of time. */
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "always" });

/** Units from the largest on, in milliseconds. */
const UNITS = [
  ["year", 31_536_000_000],
  ["month", 2_592_000_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/** How far a moment is from `now`, like "3 hours ago" or "in 2 months". */
export function relative(iso: string, now: number): string {
  const ms = Date.parse(iso) - now;
  const unit = UNITS.find(([, length]) => Math.abs(ms) >= length);
  if (unit === undefined) return ms > 1000 ? "in a moment" : "just now";
  return RELATIVE.format(Math.round(ms / unit[1]), unit[0]);
}

/** A moment like "20 Nov 2026, 21:47 UTC". */
export function exact(iso: string): string {
  return formatMoment(iso, "minute", "UTC");
}

/** A moment to the millisecond, as a record wants it. */
export function precise(iso: string): string {
  return `${iso.replace("T", " ").replace("Z", "")} UTC`;
}

/** A day like "20 November 2026". */
export function day(iso: string): string {
  return DAY.format(Date.parse(iso));
}

/** The distance to a moment, with the moment as its title; `otherwise` when there is none. */
export const Ago: FC<{ time: string | null; otherwise: string }> = ({ time, otherwise }) =>
  time === null ? (
    <span class="soft">{otherwise}</span>
  ) : (
    <time datetime={time} title={exact(time)} data-title="minute">
      {relative(time, Date.now())}
    </time>
  );

/** The moment, and how far away it is. */
export const Moment: FC<{ time: string | null; otherwise: string }> = ({ time, otherwise }) =>
  time === null ? (
    <span class="soft">{otherwise}</span>
  ) : (
    <>
      <Exact time={time} /> <span class="soft">({relative(time, Date.now())})</span>
    </>
  );

/** The moment, in UTC until a script knows which zone is wanted. */
export const Exact: FC<{ time: string; to?: "minute" | "second" }> = ({ time, to = "minute" }) => (
  <time datetime={time} data-shown={to}>
    {formatMoment(time, to, "UTC")}
  </time>
);

/** Which zone times are shown in; there is a choice only where scripts know the local one. */
export const ZoneChoice: FC = () => (
  <p class="zones tabs" data-zones="" hidden>
    <button type="button" class="plain" value="local" aria-pressed="true">
      Local time
    </button>
    <button type="button" class="plain" value="UTC" aria-pressed="false">
      UTC
    </button>
  </p>
);
