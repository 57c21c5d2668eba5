import { c, FORWARDED, from, quantile, REQUESTS, requestsIf, type Scope } from "./sql.ts";

/** A question of the engineer on call, and the query that answers it. */
export interface Question {
  readonly name: string;
  readonly asks: string;
  /** How far back it looks unless told otherwise, in minutes. */
  readonly minutes: number;
  /** In the SQL of Workers Analytics Engine. */
  readonly sql: (scope: Scope) => string;
}

const HOUR = 60;
const DAY = 24 * HOUR;
/** Refusals of callers that have shown no right credential. */
export const WITHOUT_CREDENTIAL = `${c.code} IN ('credential_missing', 'credential_malformed', 'api_key_invalid', 'access_token_invalid', 'identity_token_invalid', 'too_many_failures')`;
/** Who has failed, as failures are counted; by the whole address where a point is of before. */
export const CLIENT = `if(${c.subscriber} != '', ${c.subscriber}, ${c.address})`;
/** The group of a key: the first 5 letters of its id. */
export const GROUP = `substring(${c.keyId}, 5, 5)`;

const traffic: Question = {
  name: "traffic",
  asks: "How many requests, how do they end, how are they admitted?",
  minutes: HOUR,
  sql: (scope) => `SELECT ${c.outcome} AS outcome, ${c.admission} AS admission, ${REQUESTS} AS requests,
  ${quantile(0.5, c.totalMs)} AS p50Ms, ${quantile(0.99, c.totalMs)} AS p99Ms
${from(scope, ["request"])}
GROUP BY outcome, admission
ORDER BY requests DESC`,
};

const cuts: Question = {
  name: "cuts",
  asks: "Is a cut in force, since when, and what has come of its key since?",
  minutes: DAY,
  sql: (scope) => `SELECT ${c.orgId} AS organization, ${c.keyId} AS key,
  max(if(${c.kind} = 'cut' AND ${c.outcome} = 'revoked', toUnixTimestamp(timestamp), 0)) AS revokedAt,
  max(if(${c.kind} = 'cut' AND ${c.outcome} = 'disabled', toUnixTimestamp(timestamp), 0)) AS disabledAt,
  max(if(${c.kind} = 'cut', ${c.waitMs}, 0)) AS waitedMs,
  max(if(${c.kind} = 'request' AND ${FORWARDED}, toUnixTimestamp(timestamp), 0)) AS lastForwardedAt,
  ${requestsIf(`${c.kind} = 'request' AND ${c.outcome} = 'refused'`)} AS refused
${from(scope, ["cut", "request"], `${c.keyId} != ''`)}
GROUP BY organization, key
HAVING revokedAt + disabledAt > 0
ORDER BY revokedAt DESC
LIMIT 200`,
};

const refusals: Question = {
  name: "refusals",
  asks: "Who was refused, and why?",
  minutes: HOUR,
  sql: (
    scope,
  ) => `SELECT ${c.orgId} AS organization, ${c.keyId} AS key, ${c.code} AS code, ${c.reason} AS reason,
  ${c.operation} AS operation, ${REQUESTS} AS requests, max(toUnixTimestamp(timestamp)) AS lastAt
${from(scope, ["request"], `${c.outcome} IN ('refused', 'limited')`)}
GROUP BY organization, key, code, reason, operation
ORDER BY requests DESC
LIMIT 200`,
};

/**
 * Of all organisations, without asking any: a key that expires within a week was told of seven days before by its
 * organisation, or was made or changed since.
 */
const expiring: Question = {
  name: "expiring",
  asks: "Which keys expire within a week, and are they used?",
  minutes: 8 * DAY,
  sql: (scope) => `SELECT ${c.orgId} AS organization, ${c.keyId} AS key,
  argMax(${c.keyExpiresAt}, timestamp) * min(if(${c.outcome} = 'revoked', 0, 1)) AS expiresAt,
  ${requestsIf(`${c.kind} = 'request'`)} AS requests
${from(scope, ["request", "cut", "expiry"], `${c.orgId} != '' AND ${c.keyId} != '' AND (${c.kind} != 'request' OR ${FORWARDED})`)}
GROUP BY organization, key
HAVING expiresAt > toUnixTimestamp(NOW()) AND expiresAt < toUnixTimestamp(NOW()) + 604800
ORDER BY expiresAt
LIMIT 500`,
};

const guards: Question = {
  name: "guards",
  asks: "Is a guard overloaded, or far away?",
  minutes: HOUR,
  sql: (scope) => `SELECT ${c.orgId} AS organization, ${GROUP} AS guard, ${REQUESTS} AS requests,
  ${requestsIf(`${c.admission} = 'lease'`)} AS byLease,
  ${requestsIf(`${c.admission} = 'unavailable'`)} AS unavailable,
  ${requestsIf(`${c.reason} LIKE '%overloaded%'`)} AS overloaded,
  ${quantile(0.5, c.waitMs)} AS p50WaitMs, ${quantile(0.99, c.waitMs)} AS p99WaitMs
${from(scope, ["request"], `${c.admission} != ''`)}
GROUP BY organization, guard
ORDER BY unavailable DESC, p99WaitMs DESC
LIMIT 100`,
};

const origin: Question = {
  name: "origin",
  asks: "Is the origin slow, or failing, and where?",
  minutes: HOUR,
  sql: (scope) => `SELECT ${c.operation} AS operation, ${REQUESTS} AS requests,
  ${requestsIf(`${c.outcome} = 'originErrors'`)} AS errors,
  ${requestsIf(`${c.code} = 'origin_timeout'`)} AS timeouts,
  ${quantile(0.5, c.originMs)} AS p50Ms, ${quantile(0.99, c.originMs)} AS p99Ms
${from(scope, ["request"], FORWARDED)}
GROUP BY operation
ORDER BY errors DESC, p99Ms DESC
LIMIT 100`,
};

const intruders: Question = {
  name: "intruders",
  asks: "Is somebody trying keys?",
  minutes: HOUR,
  sql: (scope) => `SELECT ${CLIENT} AS address, ${REQUESTS} AS refused, count(DISTINCT ${c.keyId}) AS keys,
  ${requestsIf(`${c.code} = 'too_many_failures'`)} AS turnedAway, max(toUnixTimestamp(timestamp)) AS lastAt
${from(scope, ["request", "control"], WITHOUT_CREDENTIAL)}
GROUP BY address
ORDER BY refused DESC
LIMIT 100`,
};

const backlog: Question = {
  name: "backlog",
  asks: "Do changes wait for a guard, or for KV?",
  minutes: HOUR,
  sql: (
    scope,
  ) => `SELECT ${c.orgId} AS organization, max(${c.count}) AS waiting, max(${c.attempts}) AS attempts,
  max(toUnixTimestamp(timestamp)) AS lastAt
${from(scope, ["outbox"])}
GROUP BY organization
ORDER BY attempts DESC
LIMIT 100`,
};

const storage: Question = {
  name: "storage",
  asks: "How much do organisations store? From 7 GB on nothing is added; those below 1 GB are left out.",
  minutes: DAY,
  sql: (scope) => `SELECT ${c.orgId} AS organization, argMax(${c.bytes}, timestamp) AS bytes,
  max(toUnixTimestamp(timestamp)) AS lastAt
${from(scope, ["storage"])}
GROUP BY organization
ORDER BY bytes DESC
LIMIT 100`,
};

export const QUESTIONS: readonly Question[] = [
  cuts,
  refusals,
  expiring,
  guards,
  origin,
  intruders,
  backlog,
  storage,
  traffic,
];
