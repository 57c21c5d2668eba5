import type { Child, FC } from "hono/jsx";
import type { AuditEvent } from "../api-types.ts";
import { HOME, SERVICE_USERS } from "../paths.ts";
import { changesOf } from "./changes.ts";
import { Ago, exact } from "./time.tsx";

interface Props {
  events: readonly AuditEvent[];
  /** Where only the events are that have this in common; absent where all are about one thing. */
  narrowed?: (filter: { action?: string; actor?: string; target?: string }) => string;
}

/** Who has done what, or was refused. */
export const AuditList: FC<Props> = ({ events, narrowed }) => (
  <table class="list audit">
    <thead>
      <tr>
        <th scope="col">Event</th>
        {narrowed && <th scope="col">Target</th>}
        <th scope="col">By</th>
        <th scope="col">When</th>
        <th scope="col">From</th>
        <th scope="col">Details</th>
      </tr>
    </thead>
    <tbody>
      {events.map((event) => (
        <tr class={event.outcome === "refused" ? "refused" : undefined}>
          <th scope="row">
            <Narrowing href={narrowed?.({ action: event.action })}>
              <code>{event.action}</code>
            </Narrowing>
            {event.outcome === "refused" && <span class="badge revoked">Refused: {event.code}</span>}
          </th>
          {narrowed && (
            <td data-label="Target">
              <Target id={event.target} href={narrowed({ target: event.target })} />
            </td>
          )}
          <td data-label="By">
            <Narrowing href={narrowed?.({ actor: event.actor.id })}>
              {event.actor.name ?? event.actor.id}
            </Narrowing>
          </td>
          <td data-label="When">
            <Ago time={event.time} otherwise="" />
          </td>
          <td data-label="From">
            {event.address ? <code>{event.address}</code> : <span class="soft">—</span>}
          </td>
          <td data-label="Details">
            <Details event={event} />
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);

/** Something that the list can be narrowed to. */
const Narrowing: FC<{ href: string | undefined; children?: Child }> = ({ href, children }) =>
  href === undefined ? (
    <>{children}</>
  ) : (
    <a class="quiet" href={href}>
      {children}
    </a>
  );

/** What an event is about, with the way to its page if it has one. */
const Target: FC<{ id: string; href: string }> = ({ id, href }) => {
  const page = id.startsWith("key_") ? HOME : id.startsWith("svc_") ? SERVICE_USERS : null;
  return (
    <>
      <Narrowing href={href}>
        <code>{id}</code>
      </Narrowing>
      {page !== null && (
        <a class="open" href={`${page}/${encodeURIComponent(id)}`} aria-label={`Open ${id}`}>
          Open
        </a>
      )}
    </>
  );
};

/** The exact time, the request, and what differs between before and after. */
const Details: FC<{ event: AuditEvent }> = ({ event }) => {
  const changes = changesOf(event.before, event.after);
  const [first] = changes;
  return (
    <details>
      <summary>
        {first === undefined ? "Request" : changes.length === 1 ? first.field : `${changes.length} fields`}
      </summary>
      <dl class="changes">
        {changes.map(({ field, before, after }) => (
          <div>
            <dt>{field}</dt>
            <dd>
              {before !== null && <del>{before}</del>} {after !== null && <ins>{after}</ins>}
            </dd>
          </div>
        ))}
        <div>
          <dt>Time</dt>
          <dd>{exact(event.time)}</dd>
        </div>
        {event.requestId && (
          <div>
            <dt>Request</dt>
            <dd>
              <code>{event.requestId}</code>
            </dd>
          </div>
        )}
      </dl>
    </details>
  );
};
