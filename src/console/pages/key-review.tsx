import type { Child } from "hono/jsx";
import type { Impact } from "../../api-types/impact.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import type { ConsoleContext } from "../context.ts";
import { SETTING_NAMES, SETTINGS, settingText, type Setting } from "../key-form/settings.tsx";
import { fieldsOf, LIFETIME_NAMES, type KeyBody, type KeyForm } from "../key-form/values.ts";
import { PageHeader } from "../parts/bits.tsx";
import { Form } from "../parts/form.tsx";
import { ImpactReport } from "../parts/impact.tsx";
import { sectionOf } from "../parts/key-banners.tsx";
import { navigable } from "../parts/page.tsx";

import { keyPage, pathOf } from "../paths.ts";

/** Between filling in and saving: what is changed, and whom it would have stopped. */
export function reviewPage(
  c: ConsoleContext,
  me: Me,
  key: Key,
  form: KeyForm,
  change: Partial<KeyBody>,
  impact: Impact,
): Response | Promise<Response> {
  const title = `Review the change of ${key.name}`;
  const harmful = impact.wouldRefuse + impact.wouldSeeLess + impact.unknown > 0;
  const content = (
    <>
      <PageHeader title={title} back={{ label: key.name, href: keyPage(key.id) }} />
      <ImpactReport impact={impact} />
      <section class="card">
        <h2>What changes</h2>
        <table class="list differences">
          <thead>
            <tr>
              <th scope="col">Setting</th>
              <th scope="col">Now</th>
              <th scope="col">Then</th>
            </tr>
          </thead>
          <tbody>
            {differences(key, change).map(({ setting, next }) => (
              <tr>
                <th scope="row">{SETTING_NAMES[setting]}</th>
                <td data-label="Now">{settingText(setting, key)}</td>
                <td data-label="Then">{next}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <Form action={pathOf(c.req.raw)} csrf={c.get("session").csrf} keep="key" class="decision">
        <FormAsItIs form={form} version={key.version} />
        <button name="do" value="save" class={harmful ? "danger" : undefined}>
          {harmful ? "Save all the same" : "Save the change"}
        </button>
        <button name="do" value="edit" class="secondary outline">
          Go on editing
        </button>
      </Form>
    </>
  );
  return navigable(c, title, me, sectionOf(key, me), content);
}

function differences(key: Key, change: Partial<KeyBody>): { setting: Setting; next: Child }[] {
  const changed = { ...key, ...change } as Key;
  return SETTINGS.flatMap((setting) => {
    if (setting === "expiresAt" && "expiresIn" in change) {
      return [
        {
          setting,
          next:
            change.expiresIn === null ? "Never" : `${LIFETIME_NAMES[change.expiresIn ?? ""] ?? ""} from now`,
        },
      ];
    }
    return setting in change ? [{ setting, next: settingText(setting, changed) }] : [];
  });
}

/** What was filled in, to be sent along unseen; kept like visible fields when a sign-in has to come between. */
const FormAsItIs = ({ form, version }: { form: KeyForm; version: number }) => (
  <>
    <input type="hidden" name="version" value={`${version}`} />
    {fieldsOf(form).map(([name, value]) => (
      <input type="hidden" name={name} value={value} data-kept="" />
    ))}
  </>
);
