import { formatDay, formatMoment, formatTime, formatUtcDay } from "./moment.ts";

/** Labels along the axis of a chart; pages and their scripts draw them alike. */

interface Tick {
  readonly text: string;
  /** Percent of the chart's width. */
  readonly left: number;
}

export const MINUTE_S = 60;
export const DAY_S = 86_400;
const DAY_HOURS = 24;
/** Every how many days, hours or minutes there is a label. */
const DAYS = 5;
const HOURS = 4;
const MINUTES = 10;

/**
 * Where the clocks of a zone begin a stretch of time that has a label: a day has its date, shorter ones the time. `starts`
 * are those of the bars, `stepS` seconds apart. Bars of a day are days of UTC, in whatever zone one is.
 */
export function ticksOf(starts: readonly string[], stepS: number, zone: string | undefined): Tick[] {
  const width = 100 / starts.length;
  if (stepS === DAY_S) {
    return starts
      .map((start, i) => ({ text: formatDay(start, "UTC"), left: i * width }))
      .filter((_, i) => (starts.length - 1 - i) % DAYS === DAYS - 1);
  }
  const isLong = starts.length > DAY_HOURS && stepS !== MINUTE_S;
  return starts.flatMap((start, i) => {
    const before = new Date(Date.parse(start) - stepS * 1000).toISOString();
    const left = i * width;
    const day = formatDay(start, zone);
    if (day !== formatDay(before, zone)) return [{ text: day, left }];
    const time = formatTime(start, zone);
    const isNext = stretchOf(time, stepS) !== stretchOf(formatTime(before, zone), stepS);
    return isNext && !isLong ? [{ text: time, left }] : [];
  });
}

/** When a bar begins: a moment, or a day of UTC. */
export function startOf(start: string, stepS: number, zone: string | undefined): string {
  return stepS === DAY_S ? formatUtcDay(start) : formatMoment(start, "minute", zone);
}

/** Which stretch of its day or hour a time like "14:50" lies in. */
function stretchOf(time: string, stepS: number): number {
  const [hour, minute] = time.split(":");
  return stepS === MINUTE_S ? Math.floor(Number(minute) / MINUTES) : Math.floor(Number(hour) / HOURS);
}

/** From this percentage of the width on, a label stands to the left of its time. */
const LATE = 94;

/** How a label is placed. */
export function placeOf({ left }: Tick): { x: string; y: string; "text-anchor": string } {
  return { x: percent(left), y: "1.25em", "text-anchor": left > LATE ? "end" : "start" };
}

export function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}
