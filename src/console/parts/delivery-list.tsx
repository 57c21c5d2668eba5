import type { FC } from "hono/jsx";
import type { Page } from "../../api-types/common.ts";
import type { WebhookDelivery } from "../../api-types/webhook.ts";
import { keyPage } from "../paths.ts";
import { capitalized, Empty } from "./ui.tsx";
import { Form } from "./form.tsx";
import { Pages, type Place } from "./pages.tsx";
import { Ago } from "./time.tsx";
import { Code } from "./code.tsx";
import { ListTable } from "./list-table.tsx";

/** Deliveries on a page. */
export const DELIVERIES_SHOWN = 25;

interface Props {
  path: string;
  deliveries: Page<WebhookDelivery>;
  /** Where one is in the list. */
  place: Place;
  /** For the buttons that send an event again; `null` where none is sent. */
  csrf: string | null;
}

/** A page of webhook deliveries and their outcomes, the newest first. */
export const DeliveryList: FC<Props> = ({ path, deliveries, place, csrf }) => {
  return (
    <section aria-labelledby="deliveries">
      <h2 id="deliveries" class="section">
        Events
      </h2>
      {deliveries.data.length === 0 ? (
        <Empty icon="hook" title="No events yet" />
      ) : (
        <ListTable
          columns={[
            "Event",
            "Key",
            "Status",
            "Last answer",
            "When",
            ...(csrf === null ? [] : [<span class="visually-hidden">Send again</span>]),
          ]}
        >
          {deliveries.data.map((delivery) => (
            <DeliveryRow path={path} delivery={delivery} csrf={csrf} />
          ))}
        </ListTable>
      )}
      <Pages
        path={path}
        query={{ ...place }}
        nextCursor={deliveries.pagination.nextCursor}
        shown={deliveries.data.length}
        pageSize={DELIVERIES_SHOWN}
      />
    </section>
  );
};

const DeliveryRow: FC<{ path: string; delivery: WebhookDelivery; csrf: string | null }> = ({
  path,
  delivery,
  csrf,
}) => (
  <tr>
    <th scope="row">
      <Code text={delivery.type} />
    </th>
    <td data-label="Key">
      {delivery.keyId === null ? (
        <span class="soft">—</span>
      ) : (
        <a href={keyPage(delivery.keyId)}>
          <code>{delivery.keyId}</code>
        </a>
      )}
    </td>
    <td data-label="Status">
      <span class={`badge ${delivery.status}`}>{capitalized(delivery.status)}</span>
      {delivery.nextAttemptAt && (
        <span class="soft">
          {" "}
          next <Ago time={delivery.nextAttemptAt} otherwise="" />
        </span>
      )}
    </td>
    <td data-label="Last answer">
      {delivery.lastStatus ?? delivery.lastError ?? <span class="soft">None yet</span>}
      {delivery.attempts > 1 && <span class="soft"> ({delivery.attempts} attempts)</span>}
    </td>
    <td data-label="When">
      <Ago time={delivery.createdAt} otherwise="" />
    </td>
    {csrf !== null && (
      <td data-label="">
        {delivery.status !== "pending" && (
          <Form
            action={`${path}/deliveries/${encodeURIComponent(delivery.id)}/resend`}
            csrf={csrf}
            class="inline"
          >
            <button class="secondary outline" aria-label={`Resend ${delivery.type}`}>
              Resend
            </button>
          </Form>
        )}
      </td>
    )}
  </tr>
);
