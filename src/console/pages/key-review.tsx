import type { Child, FC } from "hono/jsx";
import type { Impact } from "../../api-types/impact.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import type { RateLimit } from "../../core/key/key-record.ts";
import type { ConsoleContext } from "../context.ts";
import { SETTING_NAMES, SETTINGS, settingText, type Setting } from "../key-form/settings.tsx";
import { fieldsOf, lifetimeName, type KeyBody, type KeyForm } from "../key-form/values.ts";
import type { Base } from "../key-form/merge.ts";
import { openingsOf } from "../key-form/openings.ts";
import { PageHeader } from "../parts/ui.tsx";
import { Form } from "../parts/form.tsx";
import { Banner } from "../parts/banner.tsx";
import { ImpactReport } from "../parts/impact.tsx";
import { sectionOf } from "../parts/key-banners.tsx";
import { navigable } from "../parts/page.tsx";

import { keyPage, pathOf } from "../paths.ts";
import { ListTable } from "../parts/list-table.tsx";

interface Reviewed {
  readonly me: Me;
  readonly key: Key;
  readonly form: KeyForm;
  readonly base: Base | null;
  readonly change: Partial<KeyBody>;
  readonly impact: Impact;
  /** The rate limit of a key without its own. */
  readonly usual: RateLimit;
}

/** Between filling in and saving: what is changed, whom it would have stopped, and what it opens. */
export function reviewPage(c: ConsoleContext, reviewed: Reviewed): Response | Promise<Response> {
  const { me, key, form, base, change, impact, usual } = reviewed;
  const title = `Review the change of ${key.name}`;
  const harmful = impact.wouldRefuse + impact.wouldSeeLess + impact.unknown > 0;
  const content = (
    <>
      <PageHeader title={title} back={{ label: key.name, href: keyPage(key.id) }} />
      <Openings openings={openingsOf(key, change, usual)} />
      <ImpactReport impact={impact} names={c.get("operationNames")} ended={endedOf(key, change)} />
      <section class="card">
        <h2>What changes</h2>
        <ListTable kind="differences" columns={["Setting", "Now", "Then"]}>
          {differences(key, change, usual).map(({ setting, next }) => (
            <tr>
              <th scope="row">{SETTING_NAMES[setting]}</th>
              <td data-label="Now">{settingText(setting, key, usual)}</td>
              <td data-label="Then">{next}</td>
            </tr>
          ))}
        </ListTable>
      </section>
      <Form action={pathOf(c.req.raw)} csrf={c.get("session").csrf} keep="key" unsaved class="decision">
        <FormAsItIs form={form} base={base} version={key.version} />
        <button name="do" value="save" class={harmful ? "danger" : undefined}>
          {harmful && endedOf(key, change) === undefined ? "Save and refuse those calls" : "Save the change"}
        </button>
        <button name="do" value="edit" class="secondary outline">
          Go on editing
        </button>
      </Form>
    </>
  );
  return navigable(c, title, me, sectionOf(key, me), content);
}

/** A key that does not work stays so, unless it is given another expiry. */
function endedOf({ status }: Key, change: Partial<KeyBody>): "disabled" | "expired" | undefined {
  if (status === "disabled") return status;
  const isRenewed = "expiresIn" in change || "expiresAt" in change;
  return status === "expired" && !isRenewed ? status : undefined;
}

/** What the change lets through that was not let through before. */
const Openings: FC<{ openings: readonly string[] }> = ({ openings }) =>
  openings.length === 0 ? null : (
    <Banner kind="warn" title="This opens the key further">
      <ul>
        {openings.map((text) => (
          <li>{text}</li>
        ))}
      </ul>
    </Banner>
  );

function differences(
  key: Key,
  change: Partial<KeyBody>,
  usual: RateLimit,
): { setting: Setting; next: Child }[] {
  const changed = { ...key, ...change } as Key;
  return SETTINGS.flatMap((setting) => {
    if (setting === "expiresAt" && "expiresIn" in change) {
      return [
        {
          setting,
          next: change.expiresIn === null ? "Never" : `${lifetimeName(change.expiresIn ?? "")} from now`,
        },
      ];
    }
    return setting in change ? [{ setting, next: settingText(setting, changed, usual) }] : [];
  });
}

/** What was filled in, to be sent along unseen; kept like visible fields when a sign-in has to come between. */
const FormAsItIs: FC<{ form: KeyForm; base: Base | null; version: number }> = ({ form, base, version }) => (
  <>
    <input type="hidden" name="version" value={`${version}`} data-kept="" />
    <input type="hidden" name="base" value={JSON.stringify(base)} data-kept="" />
    {fieldsOf(form).map(([name, value]) => (
      <input type="hidden" name={name} value={value} data-kept="" />
    ))}
  </>
);
