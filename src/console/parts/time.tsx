import type { FC } from "hono/jsx";

const DATE_TIME = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "UTC",
});
const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

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
  return `${DATE_TIME.format(Date.parse(iso))} UTC`;
}

/** A day like "20 November 2026". */
export function day(iso: string): string {
  return DAY.format(Date.parse(iso));
}

/** How far away, with the moment itself for whoever asks; `otherwise` when there is none. */
export const Ago: FC<{ time: string | null; otherwise: string }> = ({ time, otherwise }) =>
  time === null ? (
    <span class="soft">{otherwise}</span>
  ) : (
    <time datetime={time} title={exact(time)}>
      {relative(time, Date.now())}
    </time>
  );

/** The moment, and how far away it is. */
export const Moment: FC<{ time: string | null; otherwise: string }> = ({ time, otherwise }) =>
  time === null ? (
    <span class="soft">{otherwise}</span>
  ) : (
    <time datetime={time}>
      {exact(time)} <span class="soft">({relative(time, Date.now())})</span>
    </time>
  );
