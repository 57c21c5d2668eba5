import { seededRandom } from "../../../src/admission/simulation/random.ts";

/** Everything that a run may do, with how often. */
const KINDS = {
  createKey: 8,
  importKey: 3,
  exchange: 6,
  disable: 5,
  enable: 5,
  narrowVaults: 4,
  widenVaults: 4,
  fence: 3,
  unfence: 3,
  expire: 2,
  unexpire: 2,
  rename: 2,
  rotate: 3,
  rotateWithOverlap: 3,
  revoke: 3,
  revokeByOwner: 1,
  revokeInBulk: 2,
  revokeByHolder: 3,
  revokeToken: 4,
  revokeByOperator: 3,
  revokeOwnerByOperator: 1,
  revokePerson: 1,
  revokeOrganization: 1,
  reportLeak: 2,
  reportLeakedToken: 1,
  erase: 1,
  takeRole: 4,
  giveRole: 4,
  deactivate: 3,
  activate: 3,
  trespass: 3,
  disturbObjects: 9,
  disturbOrigin: 3,
  disturbProvider: 2,
  stepClock: 4,
  heal: 7,
  kill: 1,
  keepCopies: 1,
  putBack: 3,
  wait: 3,
} as const;
export type StepKind = keyof typeof KINDS;

/** What restarts everything, and so takes longest. */
export const RESTARTS: readonly StepKind[] = ["kill", "keepCopies", "putBack"];

/** One step; the numbers choose whom and what it is about. */
export interface Step {
  readonly kind: StepKind;
  readonly numbers: readonly [number, number, number];
}

export interface StepOptions {
  readonly seed: number;
  readonly count: number;
  /** Steps that are left out. */
  readonly without?: readonly StepKind[];
}

export function stepsOf({ seed, count, without = [] }: StepOptions): Step[] {
  const random = seededRandom(seed * 7919 + 13);
  const kinds = (Object.keys(KINDS) as StepKind[]).filter((kind) => !without.includes(kind));
  const weighted = kinds.flatMap((kind) => Array<StepKind>(KINDS[kind]).fill(kind));
  const whole = () => Math.floor(random() * 1e6);
  return Array.from({ length: count }, () => ({
    kind: pick(weighted, whole()),
    numbers: [whole(), whole(), whole()],
  }));
}

export function pick<T>(items: readonly T[], number: number): T {
  const item = items[number % items.length];
  if (item === undefined) throw new Error("Nothing to pick from");
  return item;
}
