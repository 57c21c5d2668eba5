import type { Bounds } from "./exhaustive-state.ts";

const CHANGES: Bounds = {
  isolates: 1,
  keys: 1,
  ticks: 3,
  questions: 2,
  underWay: 2,
  changes: 1,
  repeats: 0,
  crashes: 0,
  losses: 0,
  steps: 0,
  limit: null,
  costs: [1],
};

const UNITS: Bounds = { ...CHANGES, ticks: 4, changes: 0, limit: 2 };

/** Bounds that are searched with every run of the tests. */
export const SMALL_BOUNDS: Readonly<Record<string, Bounds>> = {
  "a change and its repeat": { ...CHANGES, repeats: 1 },
  "a change and a crash": { ...CHANGES, crashes: 1 },
  "a change and a step of a clock": { ...CHANGES, steps: 1 },
  "changes of two keys": { ...CHANGES, keys: 2, ticks: 2 },
  "a change and two isolates": { ...CHANGES, isolates: 2, ticks: 2 },
  "units and a message that is lost": { ...UNITS, losses: 1 },
  "units, a crash and two isolates": { ...UNITS, isolates: 2, ticks: 3, crashes: 1 },
  "units and requests that cost several": { ...UNITS, ticks: 3, limit: 3, costs: [1, 2] },
};

/** Bounds that take minutes. */
export const LARGE_BOUNDS: Readonly<Record<string, Bounds>> = {
  "two changes and their repeats": { ...CHANGES, ticks: 5, keys: 2, changes: 2, repeats: 1 },
  "a change, its repeat and a crash": { ...CHANGES, ticks: 5, repeats: 1, crashes: 1 },
  "a change, its repeat and two isolates": { ...CHANGES, isolates: 2, ticks: 4, questions: 3, repeats: 1 },
  "a change and two steps of clocks": { ...CHANGES, ticks: 5, steps: 2 },
  "units, a loss, a crash and two isolates": {
    ...UNITS,
    isolates: 2,
    ticks: 5,
    questions: 3,
    losses: 1,
    crashes: 1,
  },
  "units of requests that cost several": {
    ...UNITS,
    isolates: 2,
    ticks: 5,
    limit: 3,
    costs: [1, 2],
    losses: 1,
  },
};
