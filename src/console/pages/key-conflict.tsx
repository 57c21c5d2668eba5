import type { FC } from "hono/jsx";
import { isRefusal } from "../../core/refusal.ts";
import type { AuditEvent } from "../../api-types/audit.ts";
import type { Page } from "../../api-types/common.ts";
import type { Key } from "../../api-types/keys.ts";
import type { Me } from "../../api-types/me.ts";
import type { RateLimit } from "../../core/key/key-record.ts";
import { ADMIN } from "../../core/organization/organization.ts";
import type { ConsoleContext } from "../context.ts";
import type { Meanwhile } from "../key-form/merge.ts";
import { SETTING_NAMES, SETTINGS, settingText, type Setting } from "../key-form/settings.tsx";
import { bodyOf, changeOf, type KeyForm } from "../key-form/values.ts";
import { Banner } from "../parts/banner.tsx";
import { Exact } from "../parts/time.tsx";
import { Facts } from "../parts/ui.tsx";
import { listed } from "../parts/wording.ts";
import { keyPage } from "../paths.ts";

/** Events of a key that are looked through for who has changed it. */
const EVENTS = "20";

/** The changes of a key after a version, the latest first; none for people who may not read them. */
export async function changesSince(
  c: ConsoleContext,
  me: Me,
  target: string,
  version: number,
): Promise<readonly AuditEvent[]> {
  if (!me.roles.includes(ADMIN)) return [];
  const events = await c
    .get("api")
    .get<Page<AuditEvent>>("/-/audit-events", { target, action: "api_key.", outcome: "done", limit: EVENTS });
  return isRefusal(events) ? [] : events.data.filter((event) => isAfter(event, version));
}

function isAfter({ outcome, after }: AuditEvent, version: number): boolean {
  // An organisation of the version before tells of refused attempts, too.
  return outcome === "done" && typeof after?.["version"] === "number" && after["version"] > version;
}

interface Props {
  key_: Key;
  /** What was filled in, over the key as it is now. */
  form: KeyForm;
  /** `null` where it is not known what the key was when the form was opened. */
  meanwhile: Meanwhile | null;
  events: readonly AuditEvent[];
  usual: RateLimit;
}

/** What others have changed since a form was opened, who did and when, and what saving the form will do. */
export const ChangedMeanwhile: FC<Props> = ({ key_: key, form, meanwhile, events, usual }) => {
  const change = changeOf(bodyOf(form), key);
  const mine = SETTINGS.filter(
    (setting) => setting in change || (setting === "expiresAt" && "expiresIn" in change),
  );
  const theirs = meanwhile === null ? mine : [...meanwhile.taken, ...meanwhile.contested];
  const rows = [
    ...(meanwhile === null ? [] : standingRows(meanwhile)),
    ...theirs.map((setting) => [SETTING_NAMES[setting], settingText(setting, key, usual)] as const),
    ...events.map(
      ({ actor, time }) =>
        [
          "Changed by",
          <>
            {actor.name ?? actor.id}, <Exact time={time} to="second" />
          </>,
        ] as const,
    ),
  ];
  return (
    <Banner kind="bad" title="This key was changed in the meantime">
      <p>Your changes are not saved yet. {rows.length > 0 && "Since you opened this form, the key has:"}</p>
      {rows.length > 0 && <Facts rows={rows} />}
      {meanwhile !== null && <p>{savingText(mine, meanwhile)}</p>}
      <p>
        Review the change to see what saving will do, or{" "}
        <a href={`${keyPage(key.id)}/edit`}>start again from the key's current settings</a>.
      </p>
    </Banner>
  );
};

function standingRows({ switched, rotated }: Meanwhile): (readonly [string, string])[] {
  return [
    ...(switched === null
      ? []
      : [["Status", switched === "disabled" ? "Disabled" : "Enabled again"] as const]),
    ...(rotated ? [["Rotation", "Rotated: it ends, and a new key takes its place"] as const] : []),
  ];
}

/** What saving does to the settings that are filled in, and to those that others have changed. */
function savingText(mine: readonly Setting[], { taken, contested, switched }: Meanwhile): string {
  const names = (settings: readonly Setting[]) =>
    listed(settings.map((setting) => SETTING_NAMES[setting].toLowerCase()));
  const replaced = contested.filter((setting) => mine.includes(setting));
  const sentences = [
    mine.length === 0
      ? "The key has the values that you filled in: there is nothing left to save."
      : `Saving changes ${names(mine)} only${replaced.length === 0 ? "." : `, and replaces the new ${names(replaced)} with yours.`}`,
    taken.length > 0 && `The form has the new ${names(taken)}.`,
    switched !== null && `The key stays ${switched}.`,
  ];
  return sentences.filter((sentence) => sentence !== false).join(" ");
}
