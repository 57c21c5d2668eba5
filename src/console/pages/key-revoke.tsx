import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Hono } from "hono";
import type { FC } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import { REFUSALS } from "../../core/refusal-table.ts";
import type { Impact } from "../../api-types/impact.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import type { Receipt } from "../../api-types/receipt.ts";
import type { ApiResult } from "../api.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { noticeOf, type Notice } from "../key-form/problems.ts";
import { PageHeader } from "../parts/ui.tsx";
import { confirmationOf, confirms } from "../parts/confirmation.ts";
import { TextField } from "../parts/fields.tsx";
import { ImpactReport } from "../parts/impact.tsx";
import { sectionOf } from "../parts/key-banners.tsx";
import { Cancel, Form } from "../parts/form.tsx";
import { Banner } from "../parts/banner.tsx";
import { Refused } from "../parts/outcome-banners.tsx";
import { navigable } from "../parts/page.tsx";
import { endOf, isRetiring } from "../parts/key-end.tsx";
import { Ago, relative } from "../parts/time.tsx";
import { counted } from "../parts/wording.ts";
import { keyPage, pathOf } from "../paths.ts";
import { apiPath, impactOfEnding, withKey } from "./key-actions.tsx";
import { receiptPage } from "./key-receipt.tsx";
import { refusalPage } from "./error-pages.tsx";

const UNCONFIRMED =
  "The revocation is recorded and final, but not confirmed everywhere yet. Portcullis keeps trying. Press the button again for the receipt.";

/** `/keys/<id>/revoke`: ends a key for good, and tells since when it is dead. */
export function addKeyRevocation(app: Hono<ConsoleEnv>): void {
  app.get("/keys/:id/revoke", async (c) => {
    // First: to tell of the last day, what the key's guard knows is brought in, the last use too.
    const impact = await impactOfEnding(c);
    return withKey(c, (me, key) => show(c, me, key, impact));
  });

  app.post("/keys/:id/revoke", async (c) => {
    const { name: typed } = await c.req.parseBody();
    const [me, key] = await Promise.all([c.get("me"), c.get("api").get<Key>(apiPath(c))]);
    if (isRefusal(me)) return refusalPage(c, me);
    if (isRefusal(key)) return refusalPage(c, key);
    if (!confirms(typed, key.name)) {
      const wrong = `This is not “${confirmationOf(key.name)}”.`;
      return show(c, me, key, await impactOfEnding(c), { wrong, status: 422 });
    }
    // A revocation that is asked for again is answered the same.
    const receipt = await c.get("api").change<Receipt>("DELETE", apiPath(c));
    if (!isRefusal(receipt)) {
      const revoked = await c.get("api").get<Key>(apiPath(c));
      return receiptPage(c, me, isRefusal(revoked) ? key : revoked, receipt, true);
    }
    if (receipt.code === "identity_token_invalid") return refusalPage(c, receipt);
    c.set("reason", `${receipt.code} (${receipt.correlationId})`);
    const notice = noticeOf(receipt, UNCONFIRMED);
    return show(c, me, key, await impactOfEnding(c), { notice, status: REFUSALS[receipt.code].status });
  });
}

interface Refused {
  readonly notice?: Notice;
  /** What is wrong with the name that was typed. */
  readonly wrong?: string;
  readonly status?: ContentfulStatusCode;
}

function show(
  c: ConsoleContext,
  me: Me,
  key: Key,
  impact: ApiResult<Impact>,
  { notice, wrong, status = 200 }: Refused = {},
): Response | Promise<Response> {
  const title = `Revoke ${key.name}`;
  const wanted = confirmationOf(key.name);
  const content = (
    <>
      <PageHeader title={title} back={{ label: key.name, href: keyPage(key.id) }} />
      <Refused notice={notice ?? null} />
      <Banner kind="warn" title="This is permanent">
        <p>
          A revoked key never works again.{" "}
          {isRetiring(key) ? (
            <>
              This one was rotated, and stops working by itself <Ago time={endOf(key)} otherwise="" />.
            </>
          ) : (
            "To keep it for later, disable it instead; to replace it, rotate it."
          )}
        </p>
      </Banner>
      {!isRefusal(impact) && impact.calls > 0 && (
        <ImpactReport impact={impact} names={c.get("operationNames")} />
      )}
      <section class="card question">
        <LastUse key_={key} impact={impact} />
        <Form action={pathOf(c.req.raw)} csrf={c.get("session").csrf} keep="revoke">
          <TextField
            name="name"
            label={`To confirm, type ${wanted === key.name ? "the key's name, " : ""}“${wanted}”`}
            hint="Capital letters and extra spaces do not matter."
            value=""
            problem={wrong}
            focus={wrong !== undefined}
          />
          <footer class="decision">
            <button class="danger">Revoke the key for good</button>
            <Cancel href={keyPage(key.id)} />
          </footer>
        </Form>
      </section>
    </>
  );
  return navigable(c, title, me, sectionOf(key, me), content, { status });
}

const LastUse: FC<{ key_: Key; impact: ApiResult<Impact> }> = ({ key_: key, impact }) => (
  <p class="last-use">
    {key.lastUsedAt === null ? (
      <>
        It has <b>never been used</b>.
      </>
    ) : (
      <>
        It was last used <b>{relative(key.lastUsedAt, Date.now())}</b>
        {key.lastUsedIp && (
          <>
            {" "}
            from <code>{key.lastUsedIp}</code>
          </>
        )}
        .
      </>
    )}
    {!isRefusal(impact) && impact.calls > 0 && (
      <> It let {counted(impact.calls, "call")} through in the last 24 hours.</>
    )}
  </p>
);
