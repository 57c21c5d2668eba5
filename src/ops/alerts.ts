import { NEARLY_FULL_BYTES } from "../core/organization/storage-room.ts";
import { GROUP, WITHOUT_CREDENTIAL, type Question } from "./questions.ts";
import { c, FORWARDED, from, REQUESTS, requestsIf } from "./sql.ts";

/** A rule: every row that its query gives is to wake somebody. */
interface Alert extends Question {
  /** What to do, by the runbook. */
  readonly remedy: string;
}

/** No cut takes longer than the longest lease and a round trip, unless a guard is late. */
const SLOW_CUT_MS = 2_000;
/** A request that was let through before a cut may end after it: an origin may take 30 s, and longer. */
const UNDER_WAY_S = 60;

/** Six sevenths of where an organisation takes no more: time to act while everything still works. */
const FILLING_BYTES = (NEARLY_FULL_BYTES * 6) / 7;

export const ALERTS: readonly Alert[] = [
  {
    name: "used-after-cut",
    asks: "Was a key let through after it was cut?",
    remedy:
      "A request of before may have ended late. Otherwise the promise is broken: revoke it again, reconcile its organisation, and report it.",
    minutes: 60,
    sql: (scope) => `SELECT ${c.orgId} AS organization, ${c.keyId} AS key,
  max(if(${c.kind} = 'cut' AND ${c.outcome} = 'revoked', toUnixTimestamp(timestamp), 0)) AS revokedAt,
  max(if(${c.kind} = 'request' AND ${FORWARDED}, toUnixTimestamp(timestamp), 0)) AS lastForwardedAt
${from(scope, ["cut", "request"], `${c.keyId} != ''`)}
GROUP BY organization, key
HAVING revokedAt > 0 AND lastForwardedAt > revokedAt + ${UNDER_WAY_S}`,
  },
  {
    name: "slow-cut",
    asks: "Did a cut take longer than the longest lease?",
    remedy: "A guard is overloaded.",
    minutes: 15,
    sql: (scope) => `SELECT ${c.orgId} AS organization, ${c.keyId} AS key, max(${c.waitMs}) AS waitedMs
${from(scope, ["cut"])}
GROUP BY organization, key
HAVING waitedMs > ${SLOW_CUT_MS}`,
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
    name: "keys-tried",
    asks: "Does one address try many keys?",
    remedy: "It is turned away by itself. Block it in front of the gateway if it goes on.",
    minutes: 5,
    sql: (
      scope,
    ) => `SELECT ${c.address} AS address, ${REQUESTS} AS refused, count(DISTINCT ${c.keyId}) AS keys
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
