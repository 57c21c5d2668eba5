import type { Child, FC } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { Me } from "../../api-types/me.ts";
import { ADMIN } from "../../core/organization/organization.ts";
import type { ConsoleContext } from "../context.ts";
import { ORGANIZATION } from "../paths.ts";
import { Form } from "./form.tsx";
import type { FieldLabels, Problems } from "./problems.ts";
import { Icon } from "./icons.tsx";
import { Banner } from "./banner.tsx";

/** What was done on the page before, by the name that the address gives it; nothing for any other name. */
export const Done: FC<{ done: string | undefined; texts: Readonly<Record<string, string>> }> = ({
  done = "",
  texts,
}) => (Object.hasOwn(texts, done) ? <Banner kind="good" title={texts[done] ?? ""} /> : null);

/** Why something was not done, if it was not. */
export const Refused: FC<{ notice: { readonly title: string; readonly text: string } | null }> = ({
  notice,
}) =>
  notice && (
    <Banner kind="bad" title={notice.title}>
      <p>{notice.text}</p>
    </Banner>
  );

/** Says that a form was the same as what is stored. */
export const Unchanged: FC<{ what: string }> = ({ what }) => (
  <Banner kind="warn" title="Nothing was changed">
    <p>The form is the same as the {what}, so there was nothing to save.</p>
  </Banner>
);

/** Says that a form was refused, and lists all problems, with links to their fields. `title`: where nothing is saved. */
export const NotSaved: FC<{ problems: Problems; labels: FieldLabels; title?: string }> = ({
  problems,
  labels,
  title = "Nothing was saved yet",
}) => {
  const { "": general, ...fields } = problems;
  const wrong = Object.keys(labels).filter((name) => fields[name] !== undefined);
  if (general === undefined && wrong.length === 0) return null;
  return (
    <Banner kind="bad" title={title}>
      {general !== undefined && <p>{general.replace(/\.?$/, ".")}</p>}
      {wrong.length > 0 && (
        <ul>
          {wrong.map((name) => (
            <li>
              <a href={`#${name}`}>{labels[name]}</a>: {fields[name]}
            </li>
          ))}
        </ul>
      )}
    </Banner>
  );
};

/** For admins of an organisation that is not set up yet: that it has to be, and the button that does it, once. */
export async function bootstrapNotice(c: ConsoleContext, me: Me): Promise<Child> {
  if (!me.roles.includes(ADMIN)) return null;
  const organization = await c.get("organization");
  if (isRefusal(organization) || organization.bootstrapped) return null;
  return (
    <section class="banner setup" aria-labelledby="setup">
      <Icon name="building" />
      <div>
        <h2 id="setup">Set {me.orgId} up</h2>
        <p>
          No keys can be created yet: the organisation needs a signing key. Setting it up creates one, once.
        </p>
      </div>
      <Form action={`${ORGANIZATION}/bootstrap`} csrf={c.get("session").csrf}>
        <button>Set the organisation up</button>
      </Form>
    </section>
  );
}
