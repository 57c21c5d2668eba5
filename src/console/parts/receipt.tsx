import type { FC } from "hono/jsx";
import type { Key } from "../../api-types/keys.ts";
import type { Receipt } from "../../api-types/receipt.ts";
import { keyPage } from "../paths.ts";
import { Facts } from "./ui.tsx";
import { Icon } from "./icons.tsx";
import { NamedPerson, type Named } from "./named.tsx";
import { precise } from "./time.tsx";

/** That a key is dead, and since when: to be read, kept and printed. */
export const ReceiptCard: FC<{ key_: Key; receipt: Receipt; by: Named }> = ({ key_: key, receipt, by }) => (
  <section class="card receipt" aria-labelledby="receipt">
    <header class="card-header">
      <h2 id="receipt">Receipt of the revocation</h2>
      <div class="actions">
        <a role="button" class="secondary outline" href={`${keyPage(key.id)}/receipt.json`} data-saves="">
          <Icon name="download" /> Download
        </a>
        <button type="button" class="secondary outline" data-print="" hidden>
          Print
        </button>
      </div>
    </header>
    <p>
      No request that arrived after{" "}
      <b>
        <Precise time={receipt.effectiveAt} />
      </b>{" "}
      was let through with it, anywhere.
    </p>
    <Facts
      rows={[
        ["Key", key.name],
        ["Id", <code>{key.id}</code>],
        ["Begins with", <code>{key.keyPrefix}</code>],
        ["Owner", key.owner.name],
        ["By", <NamedPerson who={by} />],
        ...(key.revocationReason === null ? [] : [["Reason", key.revocationReason] as const]),
        ["Requested", <Precise time={receipt.requestedAt} />],
        ["Effective", <Precise time={receipt.effectiveAt} />],
        ["Version", `${receipt.version}`],
      ]}
    />
  </section>
);

const Precise: FC<{ time: string }> = ({ time }) => <time datetime={time}>{precise(time)}</time>;

/** The receipt as a record of its own. */
export function receiptRecord(key: Key, { requestedAt, effectiveAt, version }: Receipt): object {
  const { id, name, keyPrefix, owner, revokedBy, revocationReason } = key;
  return {
    keyId: id,
    status: "revoked",
    requestedAt,
    effectiveAt,
    version,
    name,
    keyPrefix,
    owner,
    revokedBy,
    reason: revocationReason,
  };
}
