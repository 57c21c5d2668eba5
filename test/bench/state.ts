import type { Actor } from "../../src/core/organization/organization.ts";
import { median } from "./statistics.ts";
import { processorMicros } from "./processors.ts";
import { startRuntime } from "./runtime.ts";
import type { Call, Question } from "./workers/state.ts";

/** How long an organisation takes for one question: by the CPU time of the process, which others do not disturb. */
interface StateTime {
  readonly question: string;
  readonly ms: number;
  /** How many keys or buckets there were in the answer. */
  readonly found: number;
}

const KEYS = 100_000;
const SEED_CHUNK = 10_000;
/** One round asks so often; what a request costs besides is taken off. */
const TIMES = 10;
const ROUNDS = 3;
const DAY = 86_400_000;
const HOUR = 3_600_000;

const ACTOR: Actor = {
  orgId: "org_large",
  id: "admin",
  name: "Admin",
  email: null,
  emailVerified: true,
  roles: ["admin"],
  vaultRoles: { "*": ["developer"] },
  claimsAt: 1,
  freshMfa: true,
  operator: false,
  requestId: "bench",
  address: "203.0.113.9",
};

/** Asks an organisation of 100,000 keys with a year of usage, inside workerd, what its API and console ask. */
export async function measureState(
  directory: string,
  progress: (text: string) => void,
): Promise<StateTime[]> {
  const service = {
    name: "state",
    module: "state.js",
    vars: { ORIGIN_URL: "http://127.0.0.1:9", OIDC_ISSUER: "http://127.0.0.1:9" },
    objects: { homeOf: () => "state", storage: "disk", keep: true },
  } as const;
  const runtime = await startRuntime(directory, [service], []);
  const send = async (call: Call): Promise<unknown> => {
    const answer = await fetch(runtime.url("state"), { method: "POST", body: JSON.stringify(call) });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  };
  try {
    progress(`filling an organisation with ${KEYS.toLocaleString("en")} keys`);
    const now = Date.now();
    await send({ bootstrap: [ACTOR] });
    await send({ seedRest: [KEYS, now] });
    for (let from = 0; from < KEYS; from += SEED_CHUNK) {
      await send({ seedKeys: [from, from + SEED_CHUNK, now - (KEYS - from - SEED_CHUNK) * 300] });
    }
    progress("asking it");
    // Where the system does not tell CPU time, time has to do.
    const clock = () => (processorMicros(runtime.pid) ?? performance.now() * 1000) / 1000;
    const times: StateTime[] = [];
    for (const [question, asked] of questions(now)) times.push(await measure(send, clock, question, asked));
    return times;
  } finally {
    await runtime.stop();
  }
}

async function measure(
  send: (call: Call) => Promise<unknown>,
  clock: () => number,
  question: string,
  asked: Question,
): Promise<StateTime> {
  const timed = async (times: number): Promise<number> => {
    const before = clock();
    await send({ ask: [ACTOR, asked, times] });
    return clock() - before;
  };
  const found = Number(await send({ ask: [ACTOR, asked, 1] }));
  const each: number[] = [];
  for (let round = 0; round < ROUNDS; round++) each.push((await timed(TIMES + 1)) - (await timed(1)));
  return { question, ms: median(each) / TIMES, found };
}

/** A page of each list, filter and search in each order, the rarest of finds among them; and the usage of one key. */
function questions(now: number): [string, Question][] {
  const busy = "key_000000000000";
  const lists = (["createdAt", "name", "lastUsedAt", "expiresAt"] as const).flatMap((by) =>
    [false, true].map((descending): [string, Question] => [
      `all, by ${descending ? "-" : ""}${by}`,
      { list: { sort: { by, descending } } },
    ]),
  );
  const stretch = (step: typeof DAY | typeof HOUR, length: number) => ({
    from: now - (now % step) - (length - 1) * step,
    step,
    length,
  });
  return [
    ...lists,
    ["active", { list: { status: "active" } }],
    ["disabled", { list: { status: "disabled" } }],
    [
      "expired, by -lastUsedAt",
      { list: { status: "expired", sort: { by: "lastUsedAt", descending: true } } },
    ],
    ["revoked, by name", { list: { status: "revoked", sort: { by: "name", descending: false } } }],
    ["q: part of many names", { list: { q: "number 1" } }],
    ["q: part of one name", { list: { q: "number 99999" } }],
    ["q: in no name", { list: { q: "nowhere" } }],
    ["q: an id", { list: { q: "key_015620099999" } }],
    ["q: a keyPrefix", { list: { q: "fkc_015620099999" } }],
    ["one owner", { list: { ownerId: "user_77" } }],
    ["owners' kind", { list: { ownerKind: "service", status: "active" } }],
    ["ownerName of one", { list: { ownerName: "number 777" } }],
    ["ownerName of nobody", { list: { ownerName: "nobody" } }],
    ["expiresBefore next week", { list: { status: "active", expiresBefore: now + 7 * DAY } }],
    ["expiresBefore, none", { list: { status: "active", expiresBefore: now } }],
    ["unusedSince a year", { list: { status: "active", unusedSince: now - 364 * DAY } }],
    [
      "unusedSince, by expiresAt",
      { list: { unusedSince: now - 90 * DAY, sort: { by: "expiresAt", descending: false } } },
    ],
    ["anyAddress", { list: { anyAddress: true } }],
    ["anyAddress, none", { list: { anyAddress: true, q: "number 99999" } }],
    ["vault of all keys", { list: { vault: "vault_1" } }],
    ["vault of few, active", { list: { vault: "vault_4999", status: "active" } }],
    ["vault of few, by name", { list: { vault: "vault_4999", sort: { by: "name", descending: false } } }],
    ["vault of one's keys", { list: { vault: "vault_4999", ownerId: "user_77" } }],
    ["vault, by -lastUsedAt", { list: { vault: "vault_1", sort: { by: "lastUsedAt", descending: true } } }],
    ["vault, none", { list: { vault: "vault_1", q: "nowhere" } }],
    ["all, by end", { list: { sort: { by: "expiresAt", descending: false, ends: true } } }],
    [
      "active, by -end",
      { list: { status: "active", sort: { by: "expiresAt", descending: true, ends: true } } },
    ],
    ["noExpiry", { list: { noExpiry: true, status: "active" } }],
    ["by hash", { hash: (99_999).toString(16).padStart(64, "0") }],
    ["usage of a key, 24h", { usageOf: busy, stretch: stretch(HOUR, 24) }],
    ["usage of a key, 7d", { usageOf: busy, stretch: stretch(HOUR, 7 * 24) }],
    ["usage of a key, 30d", { usageOf: busy, stretch: stretch(DAY, 30) }],
  ];
}

export function formatState(times: readonly StateTime[]): string {
  const rows = times.map(
    ({ question, ms, found }) =>
      `${question.padEnd(30)} ${ms.toFixed(1).padStart(8)} ms ${String(found).padStart(5)}`,
  );
  return [
    `One organisation, ${KEYS.toLocaleString("en")} keys, a year of usage: time of a question, and what it finds`,
    ...rows,
  ].join("\n");
}
