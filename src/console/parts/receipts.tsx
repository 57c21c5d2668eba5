import type { FC } from "hono/jsx";
import type { Receipt } from "../../api-types/receipt.ts";
import { keyPage, link, SELECTED_KEYS } from "../paths.ts";
import { Icon } from "./icons.tsx";
import { precise } from "./time.tsx";
import { ListTable } from "./list-table.tsx";

/** Keys that are acted on, and read for their receipts, at a time; an address has room for their ids. */
export const KEYS_AT_ONCE = 100;

/** Receipts of several revocations: to be read, kept and printed. `names`: the keys' names by their ids. */
export const ReceiptList: FC<{ receipts: readonly Receipt[]; names: ReadonlyMap<string, string> }> = ({
  receipts,
  names,
}) => (
  <section class="card receipt" aria-labelledby="receipts">
    <header class="card-header">
      <h2 id="receipts">Receipts</h2>
      <div class="actions">
        {partsOf(receipts).map((part, i, parts) => (
          <a
            role="button"
            class="secondary outline"
            href={link(`${SELECTED_KEYS}/receipts.json`, { ids: part.map(({ keyId }) => keyId).join(" ") })}
            data-saves=""
          >
            <Icon name="download" /> Download{parts.length > 1 && ` part ${i + 1} of ${parts.length}`}
          </a>
        ))}
        <button type="button" class="secondary outline" data-print="" hidden>
          Print
        </button>
      </div>
    </header>
    <ListTable
      caption="No request with the key was let through after this time, anywhere."
      columns={["Key", "Requested", "Effective", "Version"]}
    >
      {receipts.map(({ keyId, requestedAt, effectiveAt, version }) => (
        <tr>
          <th scope="row">
            <a href={keyPage(keyId)}>{names.get(keyId) ?? keyId}</a>
            <code>{keyId}</code>
          </th>
          <td data-label="Requested">
            <time datetime={requestedAt}>{precise(requestedAt)}</time>
          </td>
          <td data-label="Effective">
            <time datetime={effectiveAt}>{precise(effectiveAt)}</time>
          </td>
          <td data-label="Version">{version}</td>
        </tr>
      ))}
    </ListTable>
  </section>
);

function partsOf(receipts: readonly Receipt[]): Receipt[][] {
  const count = Math.ceil(receipts.length / KEYS_AT_ONCE);
  return Array.from({ length: count }, (_, i) => receipts.slice(i * KEYS_AT_ONCE, (i + 1) * KEYS_AT_ONCE));
}
