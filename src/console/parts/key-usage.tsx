import type { FC } from "hono/jsx";
import type { Usage } from "../../api-types/usage.ts";
import { REFUSALS, type RefusalCode } from "../../core/refusal-table.ts";
import { hourOf } from "../../core/usage/usage.ts";
import type { OperationNames } from "../context.ts";
import { Exact } from "./time.tsx";
import { NUMBER } from "./wording.ts";
import { Code } from "./code.tsx";
import { ListTable } from "./list-table.tsx";

const SHOWN = 8;

interface Entry {
  readonly name: string;
  readonly calls: number;
}

/** What was called most, and from where. */
export const MostUsed: FC<{ usage: Usage; names: OperationNames }> = ({ usage, names }) => {
  if (usage.operations.length + usage.addresses.length === 0) return null;
  return (
    <div class="columns most-used">
      {usage.window === "1h" && (
        <p class="soft">
          Counted in whole hours, since{" "}
          <Exact time={new Date(hourOf(Date.parse(usage.from))).toISOString()} />.
        </p>
      )}
      <Ranking
        title="Operations most used"
        label="Operation"
        entries={usage.operations.map(({ operation, calls }) => ({
          name: names.get(operation) ?? operation,
          calls,
        }))}
      />
      <Ranking
        title="Addresses most used"
        label="Address"
        entries={usage.addresses.map(({ address, calls }) => ({ name: address || "unknown", calls }))}
      />
    </div>
  );
};

const Ranking: FC<{ title: string; label: string; entries: readonly Entry[] }> = ({
  title,
  label,
  entries,
}) => {
  const most = Math.max(1, ...entries.map(({ calls }) => calls));
  return (
    <section>
      <h3>{title}</h3>
      {entries.length === 0 ? (
        <p class="soft">None.</p>
      ) : (
        <ListTable kind="ranking" columns={[label, "Calls"]}>
          {entries.slice(0, SHOWN).map(({ name, calls }) => (
            <tr>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td data-label="Calls">
                {NUMBER.format(calls)}
                <meter min={0} max={most} value={calls} aria-hidden="true" />
              </td>
            </tr>
          ))}
        </ListTable>
      )}
      {entries.length > SHOWN && <p class="soft">The {SHOWN} most used. There are more.</p>}
    </section>
  );
};

/** The last requests that the gateway refused, each with the reason and what to look for in the logs. */
export const LastRefusals: FC<{ refusals: Usage["refusals"]; names: OperationNames }> = ({
  refusals,
  names,
}) => (
  <ListTable columns={["Reason", "Operation", "From", "When", "Request"]}>
    {refusals.map(({ time, code, operation, address, requestId }) => (
      <tr>
        <th scope="row">
          {messageOf(code)}
          <a class="quiet small" href={`/-/errors/${encodeURIComponent(code)}`}>
            <Code text={code} />
          </a>
        </th>
        <td data-label="Operation">
          {operation === null ? (
            <span class="soft">—</span>
          ) : (
            <Code text={names.get(operation) ?? operation} />
          )}
        </td>
        <td data-label="From">{address ? <Code text={address} /> : <span class="soft">unknown</span>}</td>
        <td data-label="When">
          <Exact time={time} to="second" />
        </td>
        <td data-label="Request">
          <code class="request">{requestId}</code>
        </td>
      </tr>
    ))}
  </ListTable>
);

function messageOf(code: string): string {
  return Object.hasOwn(REFUSALS, code) ? REFUSALS[code as RefusalCode].message : code;
}
