import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Hono } from "hono";
import { isRefusal } from "../../core/refusal.ts";
import { REFUSALS } from "../../core/refusal-table.ts";
import type { Impact } from "../../api-types/impact.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import type { ApiResult } from "../api.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { refusalNotice, type Notice } from "../key-form/problems.ts";
import { PageHeader } from "../parts/ui.tsx";
import { Cancel, Form } from "../parts/form.tsx";
import { ImpactReport } from "../parts/impact.tsx";
import { Refused } from "../parts/outcome-banners.tsx";
import { sectionOf } from "../parts/key-banners.tsx";
import { endOf } from "../parts/key-end.tsx";
import { navigable } from "../parts/page.tsx";
import { keyPage, pathOf } from "../paths.ts";
import { apiPath, impactOfEnding, withKey } from "./key-actions.tsx";
import { refusalPage } from "./error-pages.tsx";

/** Switching a key off and on again. */
const WAYS = {
  disable: {
    disabled: true,
    outcome: "disabled",
    title: "Disable",
    text: "Once this is confirmed, the key is refused everywhere. You can enable it again at any time.",
    button: "Disable the key",
  },
  enable: {
    disabled: false,
    outcome: "enabled",
    title: "Enable",
    text: "Once this is confirmed, the key works again with the same settings.",
    button: "Enable the key",
  },
} as const;
type Way = (typeof WAYS)[keyof typeof WAYS];

const UNCONFIRMED =
  "It is saved, but not confirmed everywhere yet. Portcullis keeps trying. Press the button again to check.";
const CHANGED: Notice = {
  title: "This key was changed in the meantime",
  text: "Nothing was done. Check the key's current settings, then decide again.",
};

/** `/keys/<id>/disable` and `/keys/<id>/enable`. */
export function addKeySwitch(app: Hono<ConsoleEnv>): void {
  for (const [name, way] of Object.entries(WAYS)) {
    app.get(`/keys/:id/${name}`, (c) => withKey(c, (me, key) => show(c, way, me, key, null)));
    app.post(`/keys/:id/${name}`, (c) => withKey(c, (me, key) => submit(c, way, me, key)));
  }
}

async function submit(c: ConsoleContext, way: Way, me: Me, key: Key): Promise<Response> {
  const { version } = await c.req.parseBody();
  const change = { disabled: way.disabled };
  const changed = await c.get("api").change<Key>("PATCH", apiPath(c), change, { version: Number(version) });
  if (!isRefusal(changed)) return c.redirect(keyPage(key.id, way.outcome), 303);
  if (changed.code === "mfa_required" || changed.code === "identity_token_invalid")
    return refusalPage(c, changed);
  c.set("reason", `${changed.code} (${changed.correlationId})`);
  const notice = changed.code === "version_conflict" ? CHANGED : refusalNotice(changed, UNCONFIRMED);
  // Committed changes have a new version even where they are not confirmed, so the key is read again.
  return withKey(c, (_, now) => show(c, way, me, now, notice, REFUSALS[changed.code].status));
}

async function show(
  c: ConsoleContext,
  way: Way,
  me: Me,
  key: Key,
  notice: Notice | null,
  status: ContentfulStatusCode = 200,
): Promise<Response> {
  const impact = way.disabled ? await impactOfEnding(c) : null;
  const title = `${way.title} ${key.name}`;
  const content = (
    <>
      <PageHeader title={title} back={{ label: key.name, href: keyPage(key.id) }} />
      <Refused notice={notice} />
      {isImpact(impact) && <ImpactReport impact={impact} names={c.get("operationNames")} />}
      <section class="card question">
        <p>{hasEnded(key) && !way.disabled ? EXPIRED : way.text}</p>
        <Form action={pathOf(c.req.raw)} csrf={c.get("session").csrf} keep="switch" class="decision">
          <input type="hidden" name="version" value={`${key.version}`} data-kept="" />
          <button>{way.button}</button>
          <Cancel href={keyPage(key.id)} />
        </Form>
      </section>
    </>
  );
  return navigable(c, title, me, sectionOf(key, me), content, { status });
}

const EXPIRED =
  "The key has expired, so it is refused even when it is enabled. Edit it to give it another expiry.";

/** Of a key that is disabled and has expired, the status says the former. */
function hasEnded(key: Key): boolean {
  const end = endOf(key);
  return end !== null && Date.parse(end) <= Date.now();
}

/** What it would do is shown where it can be told; that it cannot is no reason not to switch a key off. */
function isImpact(impact: ApiResult<Impact | null>): impact is Impact {
  return impact !== null && !isRefusal(impact);
}
