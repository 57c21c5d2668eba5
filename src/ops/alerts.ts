import { NEARLY_FULL_BYTES } from "../core/organization/storage-room.ts";
import { CLIENT, GROUP, WITHOUT_CREDENTIAL, type Question } from "./questions.ts";
import { c, FORWARDED, from, quantile, REQUESTS, requestsIf, type Scope } from "./sql.ts";

/** A rule: every row that its query gives is to wake somebody. */
interface Alert extends Question {
  /** What to do, by the runbook. */
  readonly remedy: string;
}

const DAY = 24 * 60;
const WEEK_S = 7 * 86_400;

/** A dataset keeps its points for three months. */
const ALL_KEPT = 92 * DAY;
const USED_LATELY = "timestamp > NOW() - INTERVAL '60' MINUTE";
/** When something was the case last, in seconds since the epoch; 0 for never. */
const last = (condition: string): string => `max(if(${condition}, toUnixTimestamp(timestamp), 0))`;

/** No cut takes longer than the longest lease and a round trip, unless a guard is late. */
const ROUND_TRIP_MS = 1_000;
/** The longest lease where the points do not tell it. */
const LONGEST_LEASE_MS = 1_000;
/** A request that was let through before a cut may end after it: an origin may take 30 s, and longer. */
const UNDER_WAY_S = 60;

/** Six sevenths of where an organisation takes no more: time to act while everything still works. */
const FILLING_BYTES = (NEARLY_FULL_BYTES * 6) / 7;

/** Some rules compare the last minutes with the time before, where both hold enough to compare. */
const RECENT = "timestamp > NOW() - INTERVAL '10' MINUTE";
const SLOW_ORIGIN_MS = 1_000;
const SLOWER_TIMES = 3;
const ENOUGH_ANSWERS = 50;
const REFUSED_TIMES = 5;
/** Every tenth request or more is refused. */
const REFUSED_PART = 10;
const ENOUGH_REFUSALS = 100;
const REFUSED = `${c.outcome} IN ('refused', 'limited')`;

/** Of operations each, so that a slow one does not hide among many fast ones. */
const slowOrigin = (scope: Scope): string => `SELECT operation, sum(if(isRecent = 1, answers, 0)) AS requests,
  max(if(isRecent = 1, slowMs, 0)) AS p95Ms, max(if(isRecent = 1, 0, slowMs)) AS p95MsBefore
FROM (
SELECT ${c.operation} AS operation, if(${RECENT}, 1, 0) AS isRecent, ${REQUESTS} AS answers,
  ${quantile(0.95, c.originMs)} AS slowMs
${from(scope, ["request"], FORWARDED)}
GROUP BY operation, isRecent
)
GROUP BY operation
HAVING requests >= ${ENOUGH_ANSWERS} AND sum(if(isRecent = 1, 0, answers)) >= ${ENOUGH_ANSWERS}
  AND p95Ms > ${SLOW_ORIGIN_MS} AND p95Ms > ${SLOWER_TIMES} * p95MsBefore`;

/**
 * Of each organisation the code whose refusals have grown most. Within an organisation, growth by number and by share
 * of all requests give the same order.
 */
function grownRefusals(scope: Scope): string {
  const growth = `if(refusal != '' AND recently >= ${ENOUGH_REFUSALS}, recently / (before + 1.0), 0)`;
  return `SELECT organization, argMax(refusal, ${growth}) AS code, argMax(recently, ${growth}) AS refused,
  sum(recently) AS requests, argMax(before, ${growth}) AS refusedBefore, sum(before) AS requestsBefore
FROM (
SELECT ${c.orgId} AS organization, if(${REFUSED}, ${c.code}, '') AS refusal,
  ${requestsIf(RECENT)} AS recently, ${requestsIf(`NOT (${RECENT})`)} AS before
${from(scope, ["request"], `${c.orgId} != ''`)}
GROUP BY organization, refusal
)
GROUP BY organization
HAVING code != '' AND refused >= ${ENOUGH_REFUSALS} AND requestsBefore >= ${ENOUGH_REFUSALS}
  AND refused * requestsBefore > ${REFUSED_TIMES} * refusedBefore * requests
  AND sum(if(refusal != '', recently, 0)) * ${REFUSED_PART} >= requests`;
}

export const ALERTS: readonly Alert[] = [
  {
    name: "used-after-cut",
    asks: "Was a key let through after it was cut?",
    remedy:
      "A request of before may have ended late. Otherwise the promise is broken: revoke it again, reconcile its organisation, and report it.",
    minutes: ALL_KEPT,
    sql: (scope) => `SELECT ${c.orgId} AS organization, ${c.keyId} AS key,
  ${last(`${c.kind} = 'cut' AND ${c.outcome} = 'revoked'`)} AS revokedAt,
  ${last(`${c.kind} = 'cut' AND ${c.outcome} = 'disabled'`)} AS disabledAt,
  ${last(`${c.kind} = 'cut' AND ${c.outcome} = 'changed'`)} AS enabledAt,
  ${last(`${c.kind} = 'request'`)} AS lastForwardedAt
${from(scope, ["cut", "request"], `${c.keyId} != '' AND (${c.kind} = 'cut' OR (${USED_LATELY} AND ${FORWARDED}))`)}
GROUP BY organization, key
HAVING (revokedAt > 0 AND lastForwardedAt > revokedAt + ${UNDER_WAY_S})
  OR (disabledAt > enabledAt AND lastForwardedAt > disabledAt + ${UNDER_WAY_S})`,
  },
  {
    name: "slow-cut",
    asks: "Did a cut take longer than the longest lease?",
    remedy: "A guard is overloaded.",
    minutes: 15,
    sql: (scope) => `SELECT ${c.orgId} AS organization, ${c.keyId} AS key, max(${c.waitMs}) AS waitedMs
${from(scope, ["cut"], `${c.waitMs} > ${ROUND_TRIP_MS} + if(${c.leaseMs} > 0, ${c.leaseMs}, ${LONGEST_LEASE_MS})`)}
GROUP BY organization, key`,
  },
  {
    name: "backlog",
    asks: "Does a change wait although it was tried again and again?",
    remedy: "A guard, or KV, cannot be reached: the change is not in force yet.",
    minutes: 15,
    sql: (
      scope,
    ) => `SELECT ${c.orgId} AS organization, max(${c.count}) AS waiting, max(${c.attempts}) AS attempts
${from(scope, ["outbox"])}
GROUP BY organization
HAVING attempts >= 3`,
  },
  {
    name: "guard-unavailable",
    asks: "Does a guard not answer?",
    remedy: "A guard is overloaded.",
    minutes: 5,
    sql: (scope) => `SELECT ${c.orgId} AS organization, ${GROUP} AS guard, ${REQUESTS} AS requests,
  ${requestsIf(`${c.admission} = 'unavailable'`)} AS unavailable
${from(scope, ["request"], `${c.admission} != ''`)}
GROUP BY organization, guard
HAVING unavailable >= 10`,
  },
  {
    name: "origin-failing",
    asks: "Does the origin fail?",
    remedy: "The API behind the gateway is down.",
    minutes: 5,
    sql: (scope) => `SELECT ${REQUESTS} AS requests, ${requestsIf(`${c.outcome} = 'originErrors'`)} AS errors
${from(scope, ["request"], FORWARDED)}
HAVING errors >= 10 AND errors * 20 > requests`,
  },
  {
    name: "origin-slow",
    asks: "Has the origin become slow?",
    remedy:
      "The API behind the gateway is slow. Keys are not the cause: ask origin, and look at the API itself.",
    minutes: DAY,
    sql: slowOrigin,
  },
  {
    name: "refusals-grown",
    asks: "Is an organisation refused much more than before?",
    remedy:
      "Ask refusals of the organisation: which keys, and why. It may have changed a key, let one expire, or use one wrongly.",
    minutes: DAY,
    sql: grownRefusals,
  },
  {
    name: "used-key-expires",
    asks: "Does a key that is in use expire within a week?",
    remedy: "Its owner has it rotated or given more time, or stops using it.",
    minutes: DAY,
    sql: (scope) => `SELECT ${c.orgId} AS organization, ${c.keyId} AS key,
  argMax(${c.keyExpiresAt}, timestamp) * min(if(${c.outcome} = 'revoked', 0, 1)) AS expiresAt,
  ${requestsIf(`${c.kind} = 'request'`)} AS requests
${from(scope, ["request", "cut"], `${c.orgId} != '' AND ${c.keyId} != '' AND (${c.kind} = 'cut' OR ${FORWARDED})`)}
GROUP BY organization, key
HAVING requests > 0 AND expiresAt > toUnixTimestamp(NOW()) AND expiresAt < toUnixTimestamp(NOW()) + ${WEEK_S}
ORDER BY expiresAt
LIMIT 500`,
  },
  {
    name: "keys-tried",
    asks: "Does one address try many keys?",
    remedy: "It is turned away by itself. Block it in front of the gateway if it goes on.",
    minutes: 5,
    sql: (scope) => `SELECT ${CLIENT} AS address, ${REQUESTS} AS refused, count(DISTINCT ${c.keyId}) AS keys
${from(scope, ["request", "control"], WITHOUT_CREDENTIAL)}
GROUP BY address
HAVING refused >= 100`,
  },
  {
    name: "storage-filling",
    asks: "Will an organisation's storage soon be so full that nothing is added?",
    remedy:
      "An organisation's storage is nearly full. Shorten AUDIT_RETENTION before it has 7 GB, when keys can only be used and revoked.",
    minutes: 180,
    sql: (scope) => `SELECT ${c.orgId} AS organization, argMax(${c.bytes}, timestamp) AS bytes
${from(scope, ["storage"])}
GROUP BY organization
HAVING bytes >= ${FILLING_BYTES}`,
  },
];
