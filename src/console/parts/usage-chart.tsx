import type { FC } from "hono/jsx";
import type { Usage, UsageCounts } from "../../api-types/usage.ts";
import { exact } from "./time.tsx";

/** From the bottom of a bar to its top. */
export const SERIES = [
  ["succeeded", "Succeeded"],
  ["clientErrors", "Client errors"],
  ["originErrors", "Origin errors"],
  ["refused", "Refused"],
  ["limited", "Rate limited"],
] as const;

/** Units of the drawing, which is stretched to the room that there is. */
const WIDTH = 1000;
const HEIGHT = 200;
/** Of a bar's place, what it fills. */
const BAR = 0.8;

const NUMBER = new Intl.NumberFormat("en");

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

/** Counts by time as stacked bars, and as a table for whoever would rather read. */
export const UsageChart: FC<{ usage: Usage }> = ({ usage }) => {
  const { buckets, totals } = usage;
  const top = ceiling(Math.max(...buckets.map(sum)));
  const summary = SERIES.map(([name, label]) => `${NUMBER.format(totals[name])} ${label.toLowerCase()}`).join(
    ", ",
  );
  return (
    <figure class="chart">
      <div class="plot">
        <span class="scale">
          <span>{NUMBER.format(top)}</span>
          <span>{NUMBER.format(top / 2)}</span>
          <span>0</span>
        </span>
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`Requests by time: ${summary}`}
        >
          <path class="grid" d={`M0 .5H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}`} />
          {buckets.map((bucket, i) => (
            <Bar
              bucket={bucket}
              left={(i * WIDTH) / buckets.length}
              width={(BAR * WIDTH) / buckets.length}
              top={top}
            />
          ))}
        </svg>
      </div>
      <p class="axis soft">
        <span>{exact(buckets[0]?.start ?? "")}</span>
        <span>now</span>
      </p>
      <details>
        <summary>As a table</summary>
        <UsageTable usage={usage} />
      </details>
    </figure>
  );
};

const Bar: FC<{ bucket: Usage["buckets"][number]; left: number; width: number; top: number }> = ({
  bucket,
  left,
  width,
  top,
}) => {
  let y = HEIGHT;
  return (
    <g>
      <title>{`${exact(bucket.start)}: ${SERIES.map(([name, label]) => `${label} ${bucket[name]}`).join(", ")}`}</title>
      {SERIES.filter(([name]) => bucket[name] > 0).map(([name]) => {
        const height = (bucket[name] / top) * HEIGHT;
        y -= height;
        return (
          <rect
            class={name}
            x={left.toFixed(2)}
            y={y.toFixed(2)}
            width={width.toFixed(2)}
            height={height.toFixed(2)}
          />
        );
      })}
    </g>
  );
};

/** Only the times at which there was something. */
const UsageTable: FC<{ usage: Usage }> = ({ usage }) => {
  const rows = usage.buckets.filter((bucket) => sum(bucket) > 0);
  if (rows.length === 0) return <p class="soft">No requests.</p>;
  return (
    <table class="list">
      <thead>
        <tr>
          <th scope="col">From</th>
          {SERIES.map(([, label]) => (
            <th scope="col">{label}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((bucket) => (
          <tr>
            <th scope="row">{exact(bucket.start)}</th>
            {SERIES.map(([name, label]) => (
              <td data-label={label}>{NUMBER.format(bucket[name])}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
};

function sum(counts: UsageCounts): number {
  return SERIES.reduce((total, [name]) => total + counts[name], 0);
}

/** The next even number with one leading digit that matters, so that half of it can be named. */
export function ceiling(value: number): number {
  if (value <= 2) return 2;
  const magnitude = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 4, 6, 8, 10].find((each) => each * magnitude >= value) ?? 10;
  return step * magnitude;
}
