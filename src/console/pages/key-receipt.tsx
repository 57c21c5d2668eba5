import type { Hono } from "hono";
import { isRefusal } from "../../core/refusal.ts";
import type { Key, KeyDetails } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import type { Receipt } from "../../api-types/receipt.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { PageHeader } from "../parts/ui.tsx";
import { sectionOf } from "../parts/key-banners.tsx";
import { Banner } from "../parts/banner.tsx";
import { namedBy } from "../parts/named.tsx";
import { navigable } from "../parts/page.tsx";
import { ReceiptCard, receiptRecord } from "../parts/receipt.tsx";
import { HOME, keyPage } from "../paths.ts";
import { apiPath } from "./key-actions.tsx";
import { notFoundPage, refusalPage } from "./error-pages.tsx";

/** `/keys/<id>/receipt` and `…/receipt.json`: that a key is dead and since when, to be printed or kept. */
export function addKeyReceipt(app: Hono<ConsoleEnv>): void {
  app.get("/keys/:id/receipt", (c) =>
    withReceipt(c, (me, key, receipt) => receiptPage(c, me, key, receipt, false)),
  );
  app.get("/keys/:id/receipt.json", (c) =>
    withReceipt(c, (_, key, receipt) => {
      c.header("Content-Disposition", `attachment; filename="receipt-${key.id}.json"`);
      return c.body(`${JSON.stringify(receiptRecord(key, receipt), null, 2)}\n`, 200, {
        "Content-Type": "application/json",
      });
    }),
  );
}

async function withReceipt(
  c: ConsoleContext,
  answer: (me: Me, key: Key, receipt: Receipt) => Response | Promise<Response>,
): Promise<Response> {
  const [me, key] = await Promise.all([c.get("me"), c.get("api").get<KeyDetails>(apiPath(c))]);
  if (isRefusal(me)) return refusalPage(c, me);
  if (isRefusal(key)) return refusalPage(c, key);
  return key.receipt === undefined ? notFoundPage(c) : answer(me, key, key.receipt);
}

/** `isNew`: it is the answer to the revocation. */
export async function receiptPage(
  c: ConsoleContext,
  me: Me,
  key: Key,
  receipt: Receipt,
  isNew: boolean,
): Promise<Response> {
  const by = await namedBy(c, key.revokedBy ?? me.id, key);
  const title = `${key.name} is revoked`;
  const content = (
    <div data-at={`${keyPage(key.id)}/receipt`}>
      <PageHeader title={title} back={{ label: key.name, href: keyPage(key.id) }} />
      {isNew && <Banner kind="good" title="The key is dead everywhere" />}
      <ReceiptCard key_={key} receipt={receipt} by={by} />
      <p class="decision">
        <a href={keyPage(key.id)} role="button">
          Open the key
        </a>
        <a href={HOME} role="button" class="secondary outline">
          To my keys
        </a>
      </p>
    </div>
  );
  return navigable(c, title, me, sectionOf(key, me), content);
}
