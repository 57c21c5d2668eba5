import type { FC } from "hono/jsx";
import type { Impact } from "../../api-types/impact.ts";
import type { OperationNames } from "../context.ts";
import { Banner } from "./banner.tsx";
import { counted, NUMBER } from "./wording.ts";
import { Code } from "./code.tsx";
import { Exact } from "./time.tsx";
import { ListTable } from "./list-table.tsx";

type Reason = Impact["byReason"][number]["reason"];

const REASONS: Readonly<Record<Reason, string>> = {
  disabled: "the key would not work any more",
  expired: "the key would have expired",
  address: "they came from an address that would not be allowed",
  scope: "no scope would allow them",
  vault: "no vault that would be left allows them",
};

interface Props {
  impact: Impact;
  names: OperationNames;
  keys?: "one" | "several";
  /** What keeps the key from working before and after the change. */
  ended?: "disabled" | "expired" | undefined;
}

/** What a change would have done to the calls of the last day: those of one key, or of all keys of an owner. */
export const ImpactReport: FC<Props> = ({ impact, names, keys = "one", ended }) => {
  const { calls, wouldRefuse, refusedAlready, wouldSeeLess, unknown } = impact;
  const harmless = wouldRefuse + wouldSeeLess + unknown === 0;
  const isGood = harmless && refusedAlready === 0 && ended === undefined;
  return (
    <Banner kind={isGood ? "good" : "warn"} title={titleOf(impact)}>
      {ended && (
        <p>
          The key is {ended}: it refuses every call at present, and still will after this change. What is said
          here applies once it works again.
        </p>
      )}
      {harmless ? (
        <p>
          {harmlessText(impact, keys)}
          <Since window={impact.window} />.
          {calls === 0 && " Clients that call less often may still be affected."}
          {refusedAlready > 0 && " What is refused already stays refused."}
        </p>
      ) : (
        <>
          <p>
            {ended ? "Then" : "From then on"} such calls are refused everywhere. {NUMBER.format(calls)} were
            let through in the last 24 hours
            <Since window={impact.window} />.
          </p>
          <ul>
            {impact.byReason.map(({ reason, calls: refused }) => (
              <li>
                <b>{counted(refused, "call")}</b>: {REASONS[reason]}
              </li>
            ))}
            {refusedAlready > 0 && (
              <li>
                <b>{counted(refusedAlready, "call")}</b>: refused by the present settings already
              </li>
            )}
            {wouldSeeLess > 0 && (
              <li>
                <b>{counted(wouldSeeLess, "call")}</b> of a list would have shown less
              </li>
            )}
            {unknown > 0 && (
              <li>
                <b>{counted(unknown, "call")}</b> cannot be judged
              </li>
            )}
          </ul>
          <Examples examples={impact.examples} names={names} />
        </>
      )}
    </Banner>
  );
};

/** The window is that of the charts. */
const Since: FC<Pick<Impact, "window">> = ({ window: { from } }) => (
  <>
    {" "}
    (since <Exact time={from} />)
  </>
);

function harmlessText({ calls, refusedAlready }: Impact, keys: "one" | "several"): string {
  if (calls === 0)
    return `${keys === "one" ? "The key" : "Its keys"} let no call through in the last 24 hours`;
  if (refusedAlready === 0)
    return `All ${counted(calls, "call")} of the last 24 hours would have gone through as they did`;
  if (refusedAlready === calls)
    return `${counted(calls, "call")} went through in the last 24 hours, before the settings or roles changed`;
  return `Of ${counted(calls, "call")} that went through in the last 24 hours, ${NUMBER.format(calls - refusedAlready)} would have gone through as they did`;
}

function titleOf({ calls, wouldRefuse, refusedAlready, wouldSeeLess, unknown }: Impact): string {
  const atLeast = unknown > 0 ? "at least " : "";
  if (wouldRefuse > 0)
    return `This would have refused ${atLeast}${counted(wouldRefuse, "call")} in the last 24 hours`;
  if (wouldSeeLess > 0)
    return `This would have shown less to ${counted(wouldSeeLess, "call")} in the last 24 hours`;
  if (unknown > 0) return "This may refuse calls";
  if (refusedAlready === 0) return "This would have refused no call in the last 24 hours";
  return `The present settings refuse ${refusedAlready === calls ? "all " : ""}${counted(refusedAlready, "call")} of the last 24 hours already`;
}

const Examples: FC<{ examples: Impact["examples"]; names: OperationNames }> = ({ examples, names }) =>
  examples.length === 0 ? (
    <></>
  ) : (
    <ListTable
      caption="The most frequent of the calls that would be refused"
      columns={["Operation", "About", "From", "Calls"]}
    >
      {examples.map(({ operation, resource, address, calls }) => (
        <tr>
          <th scope="row">
            <Code text={names.get(operation) ?? operation} />
          </th>
          <td data-label="About">{resource ? <Code text={resource} /> : <span class="soft">—</span>}</td>
          <td data-label="From">{address ? <Code text={address} /> : <span class="soft">unknown</span>}</td>
          <td data-label="Calls">{NUMBER.format(calls)}</td>
        </tr>
      ))}
    </ListTable>
  );
