import type { FC } from "hono/jsx";
import type { Usage, UsageCounts } from "../../api-types/usage.ts";
import { DAY_S, MINUTE_S, percent, placeOf, startOf, ticksOf } from "../chart-ticks.ts";
import { formatUtcDay } from "../moment.ts";
import { Exact } from "./time.tsx";
import { NUMBER } from "./wording.ts";
import { ListTable } from "./list-table.tsx";

/** From the bottom of a bar to its top. */
export const SERIES = [
  ["succeeded", "Succeeded"],
  ["clientErrors", "Client errors"],
  ["originErrors", "Origin errors"],
  ["refused", "Refused"],
  ["limited", "Rate limited"],
] as const;

/** The share of its place that a bar fills. */
const BAR = 0.78;
/** What is there is seen, however little it is beside the rest; percent of the height. */
const MIN_PERCENT = 1.5;

const WINDOWS: Readonly<Record<Usage["window"], string>> = {
  "1h": "the last hour",
  "24h": "the last 24 hours",
  "7d": "the last 7 days",
  "30d": "the last 30 days",
};

type Bucket = Usage["buckets"][number];

/** The sums of a stretch of time, which are the chart's legend as well. */
export const UsageTotals: FC<{ totals: UsageCounts }> = ({ totals }) => (
  <dl class="totals">
    {SERIES.map(([name, label]) => (
      <div class={name}>
        <dt>{label}</dt>
        <dd>{NUMBER.format(totals[name])}</dd>
      </div>
    ))}
  </dl>
);

/** Counts by time as stacked bars, and as a table. */
export const UsageChart: FC<{ usage: Usage }> = ({ usage }) => {
  const { buckets, totals, window } = usage;
  if (sum(totals) === 0) {
    return <p class="no-usage soft">No requests in {WINDOWS[window]}. They are counted here as they come.</p>;
  }
  const summary = SERIES.map(([name, label]) => `${NUMBER.format(totals[name])} ${label.toLowerCase()}`);
  return (
    <figure class="chart" data-chart="">
      <Plot usage={usage} label={`Requests in ${WINDOWS[window]}: ${summary.join(", ")}`} />
      <output class="values soft" aria-hidden="true">
        {buckets.length} {stepOf(usage)} since <Start at={usage.from} stepS={usage.bucketSeconds} />.
        <span class="with-scripts"> Point at a bar, or press the arrow keys, to see its numbers.</span>
      </output>
      <details>
        <summary>As a table</summary>
        <UsageTable usage={usage} />
      </details>
    </figure>
  );
};

function stepOf({ bucketSeconds }: Usage): string {
  if (bucketSeconds === MINUTE_S) return "minutes";
  return bucketSeconds === DAY_S ? "days" : "hours";
}

/** Days are of UTC; moments are shown in the zone that is wanted. */
const Start: FC<{ at: string; stepS: number }> = ({ at, stepS }) =>
  stepS === DAY_S ? <time datetime={at}>{formatUtcDay(at)}</time> : <Exact time={at} />;

/** Drawn in percent, so that it fills the room that there is and its texts keep their shape. */
const Plot: FC<{ usage: Usage; label: string }> = ({ usage, label }) => {
  const { buckets } = usage;
  const top = ceiling(Math.max(...buckets.map(sum)));
  const width = 100 / buckets.length;
  const starts = buckets.map(({ start }) => start);
  return (
    <div class="plot">
      <span class="scale" aria-hidden="true">
        <span>{NUMBER.format(top)}</span>
        <span>{NUMBER.format(top / 2)}</span>
        <span>0</span>
      </span>
      <svg class="bars" role="img" aria-label={label} data-plot="">
        <rect class="grid" y="0" width="100%" height="1" />
        <rect class="grid" y="50%" width="100%" height="1" />
        <rect class="grid" y="100%" width="100%" height="1" />
        {buckets.map((bucket, i) => (
          <Bar bucket={bucket} stepS={usage.bucketSeconds} left={i * width} width={width} top={top} />
        ))}
      </svg>
      <svg class="ticks" aria-hidden="true" data-step={`${usage.bucketSeconds}`}>
        {ticksOf(starts, usage.bucketSeconds, "UTC").map((tick) => (
          <>
            <rect x={percent(tick.left)} width="1" height="5" />
            <text {...placeOf(tick)}>{tick.text}</text>
          </>
        ))}
      </svg>
    </div>
  );
};

interface BarProps {
  bucket: Bucket;
  stepS: number;
  left: number;
  width: number;
  top: number;
}

const Bar: FC<BarProps> = ({ bucket, stepS, left, width, top }) => {
  let y = 100;
  return (
    <g data-start={bucket.start} data-values={valuesOf(bucket)}>
      <title>{`${startOf(bucket.start, stepS, "UTC")}: ${valuesOf(bucket)}`}</title>
      <rect class="reach" x={percent(left)} width={percent(width)} height="100%" />
      {SERIES.filter(([name]) => bucket[name] > 0).map(([name]) => {
        const height = Math.max((bucket[name] / top) * 100, MIN_PERCENT);
        y -= height;
        return (
          <rect
            class={name}
            x={percent(left + (width * (1 - BAR)) / 2)}
            y={percent(y)}
            width={percent(width * BAR)}
            height={percent(height)}
          />
        );
      })}
    </g>
  );
};

function valuesOf(bucket: Bucket): string {
  const there = SERIES.filter(([name]) => bucket[name] > 0);
  if (there.length === 0) return "no requests";
  return there.map(([name, label]) => `${NUMBER.format(bucket[name])} ${label.toLowerCase()}`).join(", ");
}

/** Only the times at which there was something. */
const UsageTable: FC<{ usage: Usage }> = ({ usage }) => (
  <ListTable kind="numbers" columns={["From", ...SERIES.map(([, label]) => label)]}>
    {usage.buckets
      .filter((bucket) => sum(bucket) > 0)
      .map((bucket) => (
        <tr>
          <th scope="row">
            <Start at={bucket.start} stepS={usage.bucketSeconds} />
          </th>
          {SERIES.map(([name, label]) => (
            <td data-label={label}>{NUMBER.format(bucket[name])}</td>
          ))}
        </tr>
      ))}
  </ListTable>
);

function sum(counts: UsageCounts): number {
  return SERIES.reduce((total, [name]) => total + counts[name], 0);
}

/** The next even number with one leading digit that matters, so that half of it can be named. */
function ceiling(value: number): number {
  if (value <= 2) return 2;
  const magnitude = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 4, 6, 8, 10].find((each) => each * magnitude >= value) ?? 10;
  return step * magnitude;
}
