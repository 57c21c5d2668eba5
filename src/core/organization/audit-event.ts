/**
 * The event that an operation of the control API puts on record when it is done. A refused attempt is kept under the
 * operation, which says what was asked for, and found by the event as well.
 */
const EVENTS: Readonly<Record<string, string>> = {
  createApiKey: "api_key.created",
  updateApiKey: "api_key.updated",
  rotateApiKey: "api_key.rotated",
  revokeApiKey: "api_key.revoked",
  revokePersonKeys: "person.keys_revoked",
  createServiceUser: "service_user.created",
  updateServiceUser: "service_user.updated",
  deleteServiceUser: "service_user.deleted",
  bootstrapOrganization: "organization.bootstrapped",
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
};

/** The event of an action on record, done or refused. */
export function eventOf(action: string): string {
  return Object.hasOwn(EVENTS, action) ? (EVENTS[action] ?? action) : action;
}

/** The operations whose event begins like this. */
export function operationsOf(beginning: string): string[] {
  return Object.keys(EVENTS).filter((operation) => EVENTS[operation]?.startsWith(beginning));
}
