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
import { endOf } from "../parts/key-end.tsx";
import { navigable } from "../parts/page.tsx";
import { counted } from "../parts/wording.ts";
import { exact } from "../parts/time.tsx";
import { keyPage, pathOf } from "../paths.ts";
import { apiPath, impactOfEnding, successorOf, withAnyKey, withKey } from "./key-actions.tsx";
import { madeAlreadyPage, revokedPage, rotatedPage } from "./key-error-pages.tsx";
import { secretPage } from "./key-secret.tsx";
import { refusalPage } from "./error-pages.tsx";

const OVERLAPS = [
  [
    "0",
    "Not at all",
    "Anything that still uses the old key is refused at once. Choose this if the key has leaked.",
  ],
  ["1h", "An hour", ""],
  ["24h", "A day", ""],
  ["7d", "A week", ""],
  ["30d", "30 days", ""],
] as const;
const USUAL = "24h";
const UNCONFIRMED =
  "The key was not rotated: that could not be confirmed everywhere. The old key works as before. Try again in a moment.";

/** `/keys/<id>/rotate`: a new key in the place of one. */
export function addKeyRotation(app: Hono<ConsoleEnv>, console_: Console): void {
  app.get("/keys/:id/rotate", (c) =>
    withKey(c, async (me, key) =>
      key.successorId === null
        ? show(c, me, key, { overlap: USUAL })
        : rotatedPage(c, key, await successorOf(c, key)),
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

interface Overlap {
  readonly value: string;
  readonly label: string;
  readonly note: string;
}

/** How long the old key may keep working: no longer than until it ends by itself. `atOnce`: what not at all would do. */
export function overlapsOf(
  key: Parameters<typeof endOf>[0],
  now: number,
  atOnce: string,
): readonly Overlap[] {
  const end = endOf(key);
  const left = end === null ? Number.POSITIVE_INFINITY : Date.parse(end) - now;
  const offered = OVERLAPS.map(([value, label, note]) => ({
    value,
    label,
    note,
    ms: value === "0" ? 0 : (parseDuration(value) ?? 0),
  }));
  const last = offered.findIndex(({ ms }) => ms >= left);
  const possible = last === -1 ? offered : offered.slice(0, Math.max(last, 1) + 1);
  return possible.map(({ value, label, note, ms }) => {
    if (value === "0") return { value, label, note: `${note}${atOnce}` };
    if (end !== null && ms >= left) return { value, label: "Until it expires", note: `On ${exact(end)}` };
    return { value, label, note: `Until ${exact(new Date(now + ms).toISOString())}` };
  });
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
  const overlaps = overlapsOf(key, Date.now(), atOnce);
  // The longest one that there is, for a key that ends sooner.
  const chosen = overlaps.find(({ value }) => value === overlap) ?? overlaps.at(-1);
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
          <Choices name="overlap" chosen={chosen?.value ?? USUAL} options={overlaps} />
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
