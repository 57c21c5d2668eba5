import type { FC } from "hono/jsx";
import type { Impact } from "../../api-types/impact.ts";
import { Banner } from "./banner.tsx";
import { counted, NUMBER } from "./wording.ts";
import { Code } from "./code.tsx";
import { Exact } from "./time.tsx";

type Reason = Impact["byReason"][number]["reason"];

const REASONS: Readonly<Record<Reason, string>> = {
  disabled: "the key would not work any more",
  expired: "the key would have expired",
  address: "they came from an address that would not be allowed",
  scope: "no scope would allow them",
  vault: "they were about a vault that would not be allowed",
};

/** What a change would have done to the calls of the last day: those of one key, or of all keys of an owner. */
export const ImpactReport: FC<{ impact: Impact; keys?: "one" | "several" }> = ({ impact, keys = "one" }) => {
  const { calls, wouldRefuse, wouldSeeLess, unknown } = impact;
  const harmless = wouldRefuse + wouldSeeLess + unknown === 0;
  return (
    <Banner kind={harmless ? "good" : "warn"} title={titleOf(impact)}>
      {harmless ? (
        <p>
          {calls === 0
            ? `${keys === "one" ? "The key" : "Its keys"} let no call through in the last 24 hours`
            : `All ${counted(calls, "call")} of the last 24 hours would have gone through as they did`}
          <Since window={impact.window} />.
          {calls === 0 && " Clients that call less often may still be affected."}
        </p>
      ) : (
        <>
          <p>
            From then on such calls are refused everywhere. {NUMBER.format(calls)} were let through in the
            last 24 hours
            <Since window={impact.window} />.
          </p>
          <ul>
            {impact.byReason.map(({ reason, calls: refused }) => (
              <li>
                <b>{counted(refused, "call")}</b>: {REASONS[reason]}
              </li>
            ))}
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
          <Examples examples={impact.examples} />
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

function titleOf({ wouldRefuse, wouldSeeLess, unknown }: Impact): string {
  const atLeast = unknown > 0 ? "at least " : "";
  if (wouldRefuse > 0)
    return `This would have refused ${atLeast}${counted(wouldRefuse, "call")} in the last 24 hours`;
  if (wouldSeeLess > 0)
    return `This would have shown less to ${counted(wouldSeeLess, "call")} in the last 24 hours`;
  return unknown > 0 ? "This may refuse calls" : "This would have refused no call in the last 24 hours";
}

const Examples: FC<{ examples: Impact["examples"] }> = ({ examples }) =>
  examples.length === 0 ? (
    <></>
  ) : (
    <table class="list">
      <caption>The most frequent of the calls that would be refused</caption>
      <thead>
        <tr>
          <th scope="col">Operation</th>
          <th scope="col">About</th>
          <th scope="col">From</th>
          <th scope="col">Calls</th>
        </tr>
      </thead>
      <tbody>
        {examples.map(({ operation, resource, address, calls }) => (
          <tr>
            <th scope="row">
              <Code text={operation} />
            </th>
            <td data-label="About">{resource ? <Code text={resource} /> : <span class="soft">—</span>}</td>
            <td data-label="From">{address ? <Code text={address} /> : <span class="soft">unknown</span>}</td>
            <td data-label="Calls">{NUMBER.format(calls)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
