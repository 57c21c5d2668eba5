import { AUDIT_EVENTS, type AuditEventName } from "../../core/organization/audit-event.ts";

/**
 * How events read: what was done, what somebody tried to do, and what the event is called where one is chosen. `$`
 * stands for what it was done to.
 */
interface Words {
  readonly done: string;
  readonly tried: string;
  readonly name: string;
}

const words = (done: string, tried: string, name: string): Words => ({ done, tried, name });

/** Keyed by the event, as `eventOf` names it. */
const AUDIT_WORDS: Readonly<Record<AuditEventName, Words>> = {
  "api_key.created": words("created the key $", "create a key", "Key created"),
  "api_key.imported": words("imported the key $", "import a key", "Key imported"),
  "api_key.import_undone": words("undid the import of $", "undo the import of $", "Import undone"),
  "api_key.updated": words("changed $", "change $", "Key changed"),
  "api_key.rotated": words("rotated $", "rotate $", "Key rotated"),
  "api_key.rotation_undone": words("undid the rotation of $", "undo the rotation of $", "Rotation undone"),
  "api_key.revoked": words("revoked $", "revoke $", "Key revoked"),
  "api_key.several_changed": words("changed several keys", "change several keys", "Several keys changed"),
  "api_key.leaked": words("received a report that $ has leaked", "report a leak of $", "Leak reported"),
  "api_key.reconciled": words("reconciled $", "reconcile $", "Key reconciled"),
  "access_token.revoked": words("revoked a token of $", "revoke a token of $", "Access token revoked"),
  "person.keys_revoked": words(
    "revoked all keys of $",
    "revoke all keys of $",
    "All keys of a person revoked",
  ),
  "user.roles_changed": words("changed the roles of $", "change the roles of $", "Roles changed"),
  "user.deactivated": words("deactivated $", "deactivate $", "Person deactivated"),
  "user.reactivated": words("reactivated $", "reactivate $", "Person reactivated"),
  "service_user.created": words(
    "created the service user $",
    "create a service user",
    "Service user created",
  ),
  "service_user.updated": words("changed the service user $", "change $", "Service user changed"),
  "service_user.deleted": words("deleted the service user $", "delete $", "Service user deleted"),
  "scim_user.created": words("added the person $", "add a person", "Person added by SCIM"),
  "scim_user.updated": words("changed the person $", "change the person $", "Person changed by SCIM"),
  "scim_user.deleted": words("removed the person $", "remove the person $", "Person removed by SCIM"),
  "scim_group.created": words("added the group $", "add a group", "Group added by SCIM"),
  "scim_group.updated": words("changed the group $", "change the group $", "Group changed by SCIM"),
  "scim_group.deleted": words("removed the group $", "remove the group $", "Group removed by SCIM"),
  "scim_token.created": words("created a new SCIM token", "create a SCIM token", "SCIM token created"),
  "signing_key.rotated": words(
    "published the next signing key",
    "rotate the signing key",
    "Signing key rotated",
  ),
  "assertion_key.rotated": words(
    "published the next key for assertions",
    "rotate the key for assertions",
    "Assertion key rotated",
  ),
  "organization.bootstrapped": words(
    "set up the organisation",
    "set up the organisation",
    "Organisation set up",
  ),
  "organization.erased": words(
    "erased the organisation $",
    "erase the organisation $",
    "Organisation erased",
  ),
  "webhook.created": words("set up the webhook", "set up the webhook", "Webhook set up"),
  "webhook.updated": words("changed the webhook", "change the webhook", "Webhook changed"),
  "webhook.disabled": words("paused the webhook", "pause the webhook", "Webhook paused"),
  "webhook.deleted": words("deleted the webhook", "delete the webhook", "Webhook deleted"),
  "webhook.secret_rotated": words(
    "created a new webhook secret",
    "create a new webhook secret",
    "Webhook secret created",
  ),
  "webhook.tested": words("sent a test event", "send a test event", "Test event sent"),
  "webhook.resent": words("resent an event", "resend an event", "Event resent"),
};

/** Events that begin alike, under one name. */
export const AUDIT_SUBJECTS: Readonly<Record<string, string>> = {
  "api_key.": "All key events",
  "service_user.": "All service user events",
  scim_: "All SCIM events",
  "webhook.": "All webhook events",
};

type Fields = Readonly<Record<string, unknown>> | null;

/** What is said of an event; switching a key off and on is a change, and is called what it is. */
export function wordsOf(event: string, before: Fields, after: Fields): Pick<Words, "done" | "tried"> {
  if (event === "api_key.updated" && before?.["disabled"] !== after?.["disabled"]) {
    return after?.["disabled"] === true
      ? { done: "disabled $", tried: "disable $" }
      : { done: "enabled $", tried: "enable $" };
  }
  return isKnown(event)
    ? AUDIT_WORDS[event]
    : { done: `did something to $ (${event})`, tried: `do something to $ (${event})` };
}

/** An event that another version has recorded may have no words here. */
function isKnown(event: string): event is AuditEventName {
  return AUDIT_EVENTS.some((known) => known === event);
}

/** What an event, or several that begin alike, are called where one is chosen. */
export function nameOfEvents(events: string): string | undefined {
  return AUDIT_SUBJECTS[events] ?? (isKnown(events) ? AUDIT_WORDS[events].name : undefined);
}
