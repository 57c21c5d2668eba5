import type { FC } from "hono/jsx";
import type { AuditEvent } from "../api-types.ts";
import { Ago } from "./time.tsx";

/** Who has done what, or was refused. */
export const AuditList: FC<{ events: readonly AuditEvent[] }> = ({ events }) => (
  <table class="list">
    <thead>
      <tr>
        <th scope="col">Event</th>
        <th scope="col">By</th>
        <th scope="col">When</th>
        <th scope="col">From</th>
        <th scope="col">Changed</th>
      </tr>
    </thead>
    <tbody>
      {events.map((event) => (
        <tr>
          <th scope="row">
            <code>{event.action}</code>
            {event.outcome === "refused" && <span class="badge revoked">Refused: {event.code}</span>}
          </th>
          <td data-label="By">{event.actor.name ?? event.actor.id}</td>
          <td data-label="When">
            <Ago time={event.time} otherwise="" />
          </td>
          <td data-label="From">
            {event.address ? <code>{event.address}</code> : <span class="soft">—</span>}
          </td>
          <td data-label="Changed">
            <Changes event={event} />
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);

/** What differs between before and after; of something new, what there is. */
const Changes: FC<{ event: AuditEvent }> = ({ event: { before, after } }) => {
  const fields = Object.keys({ ...before, ...after }).filter(
    (field) => JSON.stringify(before?.[field]) !== JSON.stringify(after?.[field]),
  );
  if (fields.length === 0) return <span class="soft">—</span>;
  return (
    <details>
      <summary>{fields.length === 1 ? fields[0] : `${fields.length} fields`}</summary>
      <dl class="changes">
        {fields.map((field) => (
          <div>
            <dt>{field}</dt>
            <dd>
              {before !== null && <del>{shown(before[field])}</del>}{" "}
              {after !== null && <ins>{shown(after[field])}</ins>}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
};

function shown(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "—");
}
