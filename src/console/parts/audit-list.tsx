import type { Child, FC } from "hono/jsx";
import type { AuditEvent } from "../../api-types/audit.ts";
import { eventOf } from "../../core/organization/audit-event.ts";
import type { RateLimit } from "../../core/key/key-record.ts";
import { REFUSALS } from "../../core/refusal-table.ts";
import { HOME, PEOPLE, SERVICE_USERS } from "../paths.ts";
import { wordsOf } from "./audit-words.ts";
import { changesOf, faultOf, type Change, type Names, type Value } from "./changes.ts";
import { Exact } from "./time.tsx";
import { listed } from "./wording.ts";
import { Code } from "./code.tsx";

interface Props {
  events: readonly AuditEvent[];
  /** Where only the events are that have this in common; absent where all are about one thing. */
  narrowed?: (filter: { action?: string; actor?: string; target?: string }) => string;
  /** The rate limit of a key without its own. */
  usual?: RateLimit | undefined;
}

/** Events, done or refused: a sentence each, with its details below. */
export const AuditList: FC<Props> = ({ events, narrowed, usual }) => (
  <ol class="events">
    {events.map((event) => (
      <li class={event.outcome === "refused" ? "event refused" : "event"}>
        <p class="what">
          <Sentence event={event} />
        </p>
        <p class="when soft">
          <Exact time={event.time} to="second" />
        </p>
        <Details event={event} narrowed={narrowed} usual={usual} />
      </li>
    ))}
  </ol>
);

const Sentence: FC<{ event: AuditEvent }> = ({ event }) => {
  const { done, tried } = wordsOf(eventOf(event.action), event.before, event.after);
  const refused = event.outcome === "refused";
  const [before = "", after] = (refused ? tried : done).split("$");
  return (
    <>
      <Actor event={event} /> {refused && "tried to "}
      {before}
      {after !== undefined && <Target event={event} />}
      {after}
      {refused && (
        <>
          {" "}
          <span class="badge revoked">Refused</span>
        </>
      )}
    </>
  );
};

/** Portcullis itself, the SCIM client and operators of other organisations have no page here. */
const Actor: FC<{ event: AuditEvent }> = ({ event: { actor, actorKnown } }) =>
  actorKnown ? (
    <Name href={`${PEOPLE}/${encodeURIComponent(actor.id)}`}>{actor.name ?? actor.id}</Name>
  ) : (
    <b>{actor.name ?? actor.id}</b>
  );

/** What an event is about, by its name, and with the way to its page. */
const Target: FC<{ event: AuditEvent }> = ({ event }) => {
  const { action, target, targetName, targetKnown, before, after } = event;
  const name = targetName ?? nameIn(after) ?? nameIn(before) ?? target;
  const page = targetKnown ? pageOf(eventOf(action), target) : null;
  return page === null ? <em>{name}</em> : <Name href={page}>{name}</Name>;
};

function nameIn(fields: AuditEvent["after"]): string | null {
  const name = fields?.["name"] ?? fields?.["displayName"] ?? fields?.["userName"];
  return typeof name === "string" && name !== "" ? name : null;
}

function pageOf(event: string, target: string): string | null {
  const id = encodeURIComponent(target);
  if (target.startsWith("key_")) return `${HOME}/${id}`;
  if (target.startsWith("svc_")) return `${SERVICE_USERS}/${id}`;
  return /^(user|person|scim_user)\./.test(event) ? `${PEOPLE}/${id}` : null;
}

const Name: FC<{ href: string; children?: Child }> = ({ href, children }) => (
  <a class="name" href={href}>
    {children}
  </a>
);

/** What differs between before and after, from where it was asked for, and the way to events like it. */
const Details: FC<{ event: AuditEvent; narrowed: Props["narrowed"]; usual: Props["usual"] }> = ({
  event,
  narrowed,
  usual,
}) => {
  const known = { names: namesIn(event), usual };
  const changes = event.outcome === "refused" ? [] : changesOf(event.before, event.after, known);
  const fault = faultOf(event);
  return (
    <details>
      <summary>{summaryOf(event, changes)}</summary>
      <dl class="facts">
        {event.code !== null && <Fact name="Refused with">{<Refusal code={event.code} />}</Fact>}
        {fault !== null && <Fact name="Problem">{fault}</Fact>}
        {changes.map(({ field, before, after }) => (
          <Fact name={field}>
            {before && (
              <del>
                <Values of={before} />
              </del>
            )}{" "}
            {after && (
              <ins>
                <Values of={after} />
              </ins>
            )}
          </Fact>
        ))}
        <Fact name="Event">
          <Code text={eventOf(event.action)} />
        </Fact>
        <Fact name="On">
          {(event.targetName ?? event.target) !== event.target && (
            <>
              <Target event={event} />{" "}
            </>
          )}
          <Code text={event.target} />
        </Fact>
        <Fact name="By">
          {(event.actor.name ?? event.actor.id) !== event.actor.id && (
            <>
              <Actor event={event} />{" "}
            </>
          )}
          <code>{event.actor.id}</code>
        </Fact>
        {event.requestId && (
          <Fact name="Request">
            <Code text={event.requestId} />
          </Fact>
        )}
      </dl>
      {narrowed && (
        <p class="more">
          Show all events: <a href={narrowed({ action: eventOf(event.action) })}>of this kind</a>
          <a href={narrowed({ actor: event.actor.id })}>by {event.actor.name ?? event.actor.id}</a>
          <a href={narrowed({ target: event.target })}>on the same target</a>
        </p>
      )}
    </details>
  );
};

/** The names that an event tells. */
function namesIn({ actor, target, targetName }: AuditEvent): Names {
  const pairs = [
    [actor.id, actor.name],
    [target, targetName],
    ["portcullis", "Portcullis"],
    ["scim", "SCIM"],
  ] as const;
  return new Map(pairs.flatMap(([id, name]) => (name === null ? [] : [[id, name] as const])));
}

const Values: FC<{ of: readonly Value[] }> = ({ of: values }) => (
  <>
    {values.map((value, i) => (
      <>
        {i > 0 && ", "}
        {value.kind === "moment" && <Exact time={value.iso} to="second" />}
        {value.kind === "key" && <Name href={`${HOME}/${value.id}`}>{value.id}</Name>}
        {value.kind === "text" && value.text}
      </>
    ))}
  </>
);

const Refusal: FC<{ code: string }> = ({ code }) => (
  <>
    <code>{code}</code>{" "}
    {(REFUSALS as Readonly<Record<string, { message: string } | undefined>>)[code]?.message}
  </>
);

const Fact: FC<{ name: string; children?: Child }> = ({ name, children }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

/** How many fields are named before the rest is counted. */
const NAMED = 3;
/** What follows from every change. */
const NOT_NAMED = ["version"];

function summaryOf(event: AuditEvent, changes: readonly Change[]): string {
  const { action, code, address } = event;
  const fields = changes.map(({ field }) => field).filter((field) => !NOT_NAMED.includes(field));
  const named = fields.slice(0, NAMED);
  const more = fields.length - named.length;
  const tells = /\.(updated|roles_changed)$/.test(action) && named.length > 0;
  const what = tells ? listed(more > 0 ? [...named, `${more} more`] : named) : null;
  const from = address ? `from ${address}` : null;
  return [code, faultOf(event), what, from].filter((each) => each !== null).join(" · ") || "Details";
}
