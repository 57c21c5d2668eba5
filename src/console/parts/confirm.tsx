import type { Child } from "hono/jsx";
import type { ConsoleContext } from "../context.ts";
import { PageHeader } from "./ui.tsx";
import { pathOf } from "../paths.ts";
import { Cancel, Form } from "./form.tsx";
import type { Section } from "./navigation.tsx";
import { pageForMe } from "./page-for-me.tsx";

interface Question {
  readonly title: string;
  /** What comes of it. */
  readonly text: Child;
  /** On the button that does it. */
  readonly action: string;
  readonly danger?: boolean;
  /** Where one was, and goes back to. */
  readonly back: { readonly label: string; readonly href: string };
}

/** Asks before something is done; the answer is sent to the page's own path. */
export function confirmPage(
  c: ConsoleContext,
  section: Section,
  { title, text, action, danger = false, back }: Question,
): Promise<Response> {
  return pageForMe(c, title, section, () => (
    <>
      <PageHeader title={title} back={back} />
      <section class="card question">
        {text}
        <Form action={pathOf(c.req.raw)} csrf={c.get("session").csrf} keep="confirm" class="decision">
          <button class={danger ? "danger" : undefined}>{action}</button>
          <Cancel href={back.href} />
        </Form>
      </section>
    </>
  ));
}
