import { setTimeout as sleep } from "node:timers/promises";
import { LINK_FAULTS } from "../../support/link-state.ts";
import {
  createKey,
  editKey,
  EDITS,
  exchange,
  importKey,
  patchKey,
  revokeByHolder,
  rotate,
} from "./key-changes.ts";
import { addOwners, isDone, setActive, setRoles } from "./people.ts";
import {
  erase,
  finishErasures,
  followCuts,
  reportLeak,
  revoke,
  revokeByOperator,
  revokeInBulk,
  revokeOwners,
  revokePerson,
  trespass,
} from "./revocations.ts";
import { pick, type Step, type StepKind } from "./steps.ts";
import { ORIGIN_FAULTS, Traffic } from "./traffic.ts";
import { EVERY_VAULT, type Credential, type Key, type Owner } from "./truth.ts";
import { EDGES, ORGANIZATIONS, RESTORABLE, World } from "./world.ts";

/** What a run has come to. */
export interface Run {
  readonly violations: readonly string[];
  readonly done: number;
  readonly sent: number;
  readonly admitted: number;
  readonly revoked: number;
}

const CLOCK_STEPS = [-20_000, -3000, -400, 400, 3000, 20_000];
const BINDINGS = ["KEY_GUARD", "KEY_GUARD", "ORGANIZATION", "DEPLOYMENT", "KEY_RECORDS"];
const SHARES = [0.2, 0.6, 1];
/** Some end within a run, and some do not. */
const OVERLAPS_MS = [1000, 1000, 3_600_000];
const RECONCILE_ATTEMPTS = 20;
/** Whatever was under way when faults ended has ended by then. */
const SETTLED_MS = 800;

export interface RunOptions {
  readonly tell?: (line: string) => void;
  /** Called before the first step. */
  readonly prepare?: (world: World) => void;
  /** The Worker, if it is another than the product. */
  readonly worker?: string;
}

/** Runs steps, with traffic all the while; ends with the first promise that is broken. */
export async function runSteps(
  steps: readonly Step[],
  { tell = () => {}, prepare = () => {}, worker }: RunOptions = {},
): Promise<Run> {
  const world = await World.start(worker);
  const { truth } = world;
  try {
    await addOwners(world);
    world.isSettingUp = true;
    for (const owner of truth.owners) await createKey(world, 0, owner, EVERY_VAULT);
    world.isSettingUp = false;
    prepare(world);
    const traffic = new Traffic(world);
    let done = 0;
    for (const step of [...steps, HEAL]) {
      if (truth.violations.length > 0) break;
      await perform(world, traffic, step);
      done++;
      if (truth.violations.length > 0) tell(`${done}: ${step.kind} ${step.numbers.join()}`);
    }
    await traffic.stop();
    const { sent, admitted } = traffic;
    return {
      violations: truth.violations,
      done,
      sent,
      admitted,
      revoked: truth.keys.filter(({ dead }) => dead).length,
    };
  } finally {
    await world.stop();
  }
}

const HEAL: Step = { kind: "heal", numbers: [0, 0, 0] };

async function perform(world: World, traffic: Traffic, { kind, numbers }: Step): Promise<void> {
  const [a, b, c] = numbers;
  const { truth } = world;
  const edge = b % EDGES;
  const owner = pickFitting(truth.owners, OWNERS_OF[kind], a);
  const key = chosen(world, KEYS_OF[kind], a);
  const acts: Record<StepKind, () => unknown> = {
    createKey: () => createKey(world, edge, owner, pick([1, 2, EVERY_VAULT, EVERY_VAULT], c)),
    importKey: () => importKey(world, edge, owner, pick([1, 2, EVERY_VAULT], c)),
    exchange: () => exchange(world, edge, key, pick([1, EVERY_VAULT, EVERY_VAULT], c)),
    ...(Object.fromEntries(
      (Object.keys(EDITS) as (keyof typeof EDITS)[]).map((edit) => [
        edit,
        () => editKey(world, edge, key, edit),
      ]),
    ) as Record<keyof typeof EDITS, () => unknown>),
    rename: () => patchKey(world, edge, key, { name: `Name ${c}` }),
    rotate: () => rotate(world, edge, key, 0),
    rotateWithOverlap: () => rotate(world, edge, key, pick(OVERLAPS_MS, c)),
    revoke: () => revoke(world, edge, key, false),
    revokeByOwner: () => revoke(world, edge, key, true),
    revokeInBulk: () => revokeInBulk(world, edge, [key, chosen(world, undefined, c)]),
    revokeByHolder: () => revokeByHolder(world, edge, credentialOf(world, key)),
    revokeToken: () => {
      const tokens = truth.credentials.filter(({ isToken }) => isToken);
      return tokens.length > 0 && revokeByHolder(world, edge, pick(tokens, a));
    },
    revokeByOperator: () =>
      revokeByOperator(world, edge, [key], [c % 2 === 0 ? { keyId: key.id } : { key: key.secret }]),
    revokeOwnerByOperator: () =>
      revokeOwners(world, edge, [owner], { orgId: owner.orgId, ownerId: owner.id }),
    revokePerson: () => revokePerson(world, edge, owner),
    revokeOrganization: () => {
      const { orgId } = owner;
      const owners = truth.owners.filter((each) => each.orgId === orgId);
      return revokeOwners(world, edge, owners, { orgId });
    },
    reportLeak: () => reportLeak(world, edge, credentialOf(world, key)),
    reportLeakedToken: () => {
      const tokens = truth.credentials.filter(({ isToken }) => isToken);
      return tokens.length > 0 && reportLeak(world, edge, pick(tokens, a));
    },
    // One organisation always has people.
    erase: () => world.erasing.size === 0 && erase(world, edge, owner.orgId),
    takeRole: () => setRoles(world, edge, owner, pick([0, 1, 2], c)),
    giveRole: () => setRoles(world, edge, owner, EVERY_VAULT),
    deactivate: () => setActive(world, edge, owner, false),
    activate: () => setActive(world, edge, owner, true),
    trespass: () => trespass(world, edge, key),
    disturbObjects: () =>
      world.disturb(edge, {
        faults: { [pick(BINDINGS, a)]: { fault: pick(LINK_FAULTS, c), share: pick(SHARES, a + c) } },
      }),
    disturbOrigin: () => (traffic.originFault = pick(ORIGIN_FAULTS, a)),
    disturbProvider: () => world.issuer.setDown(a % 2 === 0 ? "keys" : "everything"),
    stepClock: () => world.disturb(edge, { clock: pick(CLOCK_STEPS, a) }),
    heal: () => heal(world, traffic),
    kill: () => restart(world, traffic, { kill: true }),
    keepCopies: () => keepCopies(world, traffic),
    putBack: () => putBack(world, traffic, pick(RESTORABLE, a)),
    wait: () => sleep(c % 500),
  };
  // What the step is about is in use everywhere right before it, and is tried everywhere right after it.
  const concerned = [
    ...truth.credentials.filter((each) => each.key.owner === owner).slice(-1),
    ...truth.credentials.filter((each) => each.key === key).slice(-2),
  ];
  await traffic.press(concerned);
  await acts[kind]();
  await traffic.press(concerned);
}

function credentialOf({ truth }: World, key: Key): Credential {
  return truth.credentials.find((credential) => credential.text === key.secret) as Credential;
}

const KEYS_OF: Partial<Record<StepKind, (key: Key) => boolean>> = {
  enable: ({ dead, disabled }) => !dead && disabled.values.has(true),
  widenVaults: ({ dead, vaults }) => !dead && !vaults.values.has(EVERY_VAULT),
  unfence: ({ dead, fenced }) => !dead && fenced.values.has(true),
  unexpire: ({ dead, expired }) => !dead && expired.values.has(true),
};

/** Of those that a step changes anything of, the latest keys more often than those of long ago. */
function chosen({ truth: { keys } }: World, fits: ((key: Key) => boolean) | undefined, number: number): Key {
  const share = (number % 1000) / 1000;
  const fitting = fittingOf(keys, fits);
  return pick(fitting, Math.floor((1 - share ** 2) * fitting.length));
}

const OWNERS_OF: Partial<Record<StepKind, (owner: Owner) => boolean>> = {
  deactivate: ({ kind, active }) => kind !== "token" && active.values.has(true),
  activate: ({ active }) => active.values.has(false),
  takeRole: ({ roles }) => !roles.values.has(0),
  giveRole: ({ roles }) => !roles.values.has(EVERY_VAULT),
};

function pickFitting<T>(items: readonly T[], fits: ((item: T) => boolean) | undefined, number: number): T {
  return pick(fittingOf(items, fits), number);
}

/** Those that fit, or all when none does. */
function fittingOf<T>(items: readonly T[], fits: ((item: T) => boolean) | undefined): readonly T[] {
  const fitting = items.filter((item) => fits?.(item) ?? true);
  return fitting.length > 0 ? fitting : items;
}

async function heal(world: World, traffic: Traffic): Promise<void> {
  await world.heal();
  traffic.originFault = "none";
  await sleep(SETTLED_MS);
  world.truth.settle();
  await finishErasures(world);
  await followCuts(world);
  await traffic.expectRetirements();
  await traffic.expectRecovery();
}

async function restart(
  world: World,
  traffic: Traffic,
  options: Parameters<World["restart"]>[0],
): Promise<void> {
  await world.restart(options);
  world.isPaused = false;
  await heal(world, traffic);
}

function keepCopies(world: World, traffic: Traffic): Promise<void> {
  return restart(world, traffic, { between: () => RESTORABLE.forEach((name) => world.keepCopy(name)) });
}

/** Puts an older copy of some objects back and reconciles, as the runbook says, before anybody calls. */
async function putBack(world: World, traffic: Traffic, name: string): Promise<void> {
  if (!world.hasCopy(name)) return keepCopies(world, traffic);
  await world.restart({ between: () => world.putBack(name) });
  world.truth.restored();
  await world.heal();
  for (const orgId of ORGANIZATIONS) await reconcile(world, orgId);
  world.isPaused = false;
  await heal(world, traffic);
}

async function reconcile(world: World, orgId: string): Promise<void> {
  for (let left = RECONCILE_ATTEMPTS; left > 0; left--) {
    const outcome = await world.asOperator(0, "/-/ops/reconciliations", { orgId, fix: true });
    const differences = (outcome.body["differences"] ?? []) as { settled: boolean }[];
    if (isDone(outcome) && differences.every(({ settled }) => settled)) return;
  }
  world.truth.violate(`${orgId} does not come to agree with its guards`);
}
