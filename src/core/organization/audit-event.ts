import { keysOf } from "../keys-of.ts";

/** What an organisation puts on record, as `<thing>.<past participle>`. */
export const AUDIT_EVENTS = [
  "api_key.created",
  "api_key.imported",
  "api_key.import_undone",
  "api_key.updated",
  "api_key.rotated",
  "api_key.rotation_undone",
  "api_key.revoked",
  "api_key.several_changed",
  "api_key.leaked",
  "api_key.reconciled",
  "access_token.revoked",
  "person.keys_revoked",
  "user.roles_changed",
  "user.deactivated",
  "user.reactivated",
  "service_user.created",
  "service_user.updated",
  "service_user.deleted",
  "scim_user.created",
  "scim_user.updated",
  "scim_user.deleted",
  "scim_group.created",
  "scim_group.updated",
  "scim_group.deleted",
  "scim_token.created",
  "signing_key.rotated",
  "assertion_key.rotated",
  "organization.bootstrapped",
  "organization.erased",
  "webhook.created",
  "webhook.updated",
  "webhook.disabled",
  "webhook.deleted",
  "webhook.secret_rotated",
  "webhook.tested",
  "webhook.resent",
] as const;
export type AuditEventName = (typeof AUDIT_EVENTS)[number];

/**
 * The event that an operation of the control API puts on record when it is done. A refused attempt is kept under the
 * operation, which says what was asked for, and found by the event as well. Several keys that are changed at once are an
 * event each; the refused attempt is one.
 */
const EVENTS = {
  createApiKey: "api_key.created",
  updateApiKey: "api_key.updated",
  rotateApiKey: "api_key.rotated",
  revokeApiKey: "api_key.revoked",
  actOnApiKeys: "api_key.several_changed",
  importKeys: "api_key.imported",
  reconcile: "api_key.reconciled",
  reportLeaks: "api_key.leaked",
  revokeInEmergency: "api_key.revoked",
  revokePersonKeys: "person.keys_revoked",
  createServiceUser: "service_user.created",
  updateServiceUser: "service_user.updated",
  deleteServiceUser: "service_user.deleted",
  bootstrapOrganization: "organization.bootstrapped",
  eraseOrganization: "organization.erased",
  rotateSigningKey: "signing_key.rotated",
  rotateAssertionKey: "assertion_key.rotated",
  createScimToken: "scim_token.created",
  putWebhook: "webhook.updated",
  deleteWebhook: "webhook.deleted",
  rotateWebhookSecret: "webhook.secret_rotated",
  testWebhook: "webhook.tested",
  resendWebhookDelivery: "webhook.resent",
  createScimUser: "scim_user.created",
  replaceScimUser: "scim_user.updated",
  updateScimUser: "scim_user.updated",
  deleteScimUser: "scim_user.deleted",
  createScimGroup: "scim_group.created",
  replaceScimGroup: "scim_group.updated",
  updateScimGroup: "scim_group.updated",
  deleteScimGroup: "scim_group.deleted",
} as const satisfies Readonly<Record<string, AuditEventName>>;

/** An operation that changes something. */
export type ChangingOperation = keyof typeof EVENTS;

/** The event of an action on record, done or refused; one that an earlier version has recorded may be another. */
export function eventOf(action: string): string {
  return isChanging(action) ? EVENTS[action] : action;
}

function isChanging(action: string): action is ChangingOperation {
  return Object.hasOwn(EVENTS, action);
}

/** The operations whose event begins like this. */
export function operationsOf(beginning: string): ChangingOperation[] {
  return keysOf(EVENTS).filter((operation) => EVENTS[operation].startsWith(beginning));
}
