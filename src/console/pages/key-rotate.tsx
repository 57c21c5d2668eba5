import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Hono } from "hono";
import { isRefusal } from "../../core/refusal.ts";
import { REFUSALS } from "../../core/refusal-table.ts";
import type { CreatedKey, Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import { parseDuration } from "../../core/duration.ts";
import type { Console, ConsoleContext, ConsoleEnv } from "../context.ts";
import { textOf } from "../key-form/form-data.ts";
import { refusalNotice, type Notice } from "../key-form/problems.ts";
import { PageHeader } from "../parts/ui.tsx";
import { Choices, FieldGroup } from "../parts/fields.tsx";
import { Cancel, Form } from "../parts/form.tsx";
import { Refused } from "../parts/outcome-banners.tsx";
import { sectionOf } from "../parts/key-banners.tsx";
import { navigable } from "../parts/page.tsx";
import { counted } from "../parts/wording.ts";
import { exact } from "../parts/time.tsx";
import { keyPage, pathOf } from "../paths.ts";
import { apiPath, impactOfEnding, withAnyKey, withKey } from "./key-actions.tsx";
import { madeAlreadyPage, revokedPage, rotatedPage } from "./key-error-pages.tsx";
import { secretPage } from "./key-secret.tsx";
import { refusalPage } from "./error-pages.tsx";

const OVERLAPS = [
  [
    "0",
    "Not at all",
    "Anything that still uses the old key is refused at once. Choose this if the key has leaked.",
  ],
  ["1h", "An hour", undefined],
  ["24h", "A day", undefined],
  ["7d", "A week", undefined],
  ["30d", "30 days", undefined],
] as const;
const USUAL = "24h";
const UNCONFIRMED =
  "The key was not rotated: that could not be confirmed everywhere. The old key works as before. Try again in a moment.";

/** `/keys/<id>/rotate`: a new key in the place of one. */
export function addKeyRotation(app: Hono<ConsoleEnv>, console_: Console): void {
  app.get("/keys/:id/rotate", (c) =>
    withKey(c, (me, key) =>
      key.successorId === null
        ? show(c, me, key, { overlap: USUAL })
        : rotatedPage(c, key.id, key.successorId),
    ),
  );
  // Sent again, a form that ended its key at once leads to the key that it made.
  app.post("/keys/:id/rotate", (c) => withAnyKey(c, (me, key) => rotate(c, console_, me, key)));
}

async function rotate(c: ConsoleContext, console_: Console, me: Me, old: Key): Promise<Response> {
  const form = await c.req.formData();
  const overlap = textOf(form, "overlap") || USUAL;
  const attempt = textOf(form, "attempt");
  const created = await c
    .get("api")
    .change<CreatedKey>("POST", `${apiPath(c)}/rotate`, { overlap }, { request: attempt });
  if (!isRefusal(created)) {
    const now = await c.get("api").get<Key>(apiPath(c));
    return secretPage(c, console_, created, isRefusal(now) ? old : now);
  }
  if (created.code === "mfa_required" || created.code === "identity_token_invalid")
    return refusalPage(c, created);
  if (created.code === "already_exists") return madeAlreadyPage(c, String(created.details?.["keyId"]));
  if (old.status === "revoked") return revokedPage(c, old.id);
  c.set("reason", `${created.code} (${created.correlationId})`);
  const notice = refusalNotice(created, UNCONFIRMED);
  return show(c, me, old, { overlap, attempt, notice }, REFUSALS[created.code].status);
}

interface Shown {
  readonly overlap: string;
  /** Names the form, so that it makes one key, however often it is sent. */
  readonly attempt?: string;
  readonly notice?: Notice;
}

async function show(
  c: ConsoleContext,
  me: Me,
  key: Key,
  { overlap, attempt, notice }: Shown,
  status: ContentfulStatusCode = 200,
): Promise<Response> {
  const impact = await impactOfEnding(c);
  const atOnce = isRefusal(impact)
    ? ""
    : ` It would have refused ${counted(impact.wouldRefuse + impact.unknown, "call")} in the last 24 hours.`;
  const title = `Rotate ${key.name}`;
  const content = (
    <>
      <PageHeader title={title} back={{ label: key.name, href: keyPage(key.id) }} />
      <Refused notice={notice ?? null} />
      <Form action={pathOf(c.req.raw)} csrf={c.get("session").csrf} keep="rotate" class="narrow-form">
        <input type="hidden" name="attempt" value={attempt || crypto.randomUUID()} data-kept="" />
        <p class="lead">
          You get a new key with the same name, settings and lifetime, shown once. Switch to it while the old
          one still works.
        </p>
        <FieldGroup name="overlap" title="How long the old key keeps working">
          <Choices
            name="overlap"
            chosen={overlap}
            options={OVERLAPS.map(([value, label, note]) => ({
              value,
              label,
              note: value === "0" ? `${note}${atOnce}` : (note ?? until(value)),
            }))}
          />
        </FieldGroup>
        <footer class="decision">
          <button>Rotate the key</button>
          <Cancel href={keyPage(key.id)} />
        </footer>
      </Form>
    </>
  );
  return navigable(c, title, me, sectionOf(key, me), content, { status });
}

function until(overlap: string): string {
  return `Until ${exact(new Date(Date.now() + (parseDuration(overlap) ?? 0)).toISOString())}`;
}
