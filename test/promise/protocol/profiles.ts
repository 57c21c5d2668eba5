/** What can happen in a run of the randomised model, and how often. Times are milliseconds. */
export interface Profile {
  readonly isolates: number;
  /** The bounds of leases; a deployment may choose others. */
  readonly bases: readonly number[];
  readonly maxes: readonly number[];
  /** What isolates take off a lease. */
  readonly slackMs: number;
  /** Clocks run faster or slower by up to this share, and differ by up to so much. */
  readonly drift: number;
  readonly offsetMs: number;
  /** Chances, 25 times a second. */
  readonly crash: number;
  readonly isolateCrash: number;
  readonly supersede: number;
  readonly deploy: number;
  readonly restore: number;
  /** The chance that a message is lost, and that a request is given up by its client. */
  readonly lose: number;
  readonly abandon: number;
  /** The chance that the answer to a last word is lost. */
  readonly loseLastWord: number;
  /** The share of messages that take up to four times as long. */
  readonly slow: number;
  readonly limits: readonly number[];
  readonly windowSeconds: readonly number[];
  /** The longest usual way of a message, and the longest write. */
  readonly distances: readonly number[];
  readonly writes: readonly number[];
  /** How often there is a request, and a change. */
  readonly requestEvery: readonly number[];
  readonly changeEvery: readonly number[];
  readonly costs: readonly number[];
  /** The chance that a key is cut, that a change is a revocation, and that it revokes a token. */
  readonly cuts: number;
  readonly revocations: number;
  readonly denials: number;
  /** The chance that a change is one that was put before. */
  readonly repeats: number;
  readonly changesLimits: boolean;
  /** Changes choose another length of the limit's window. */
  readonly changesWindows: boolean;
  /** Steps of the clocks of isolates and of guards. */
  readonly isolateSteps: readonly number[];
  readonly guardSteps: readonly number[];
  /** Steps are smaller than what has passed since the clock was read, so that no reading shows them. */
  readonly areStepsHidden: boolean;
  /** Leases end by timers too. */
  readonly hasTimers: boolean;
  /** Units count for the window that is open at the moment, as well as for the one that they were taken from. */
  readonly countsByTime: boolean;
  readonly renews: boolean;
  /** Every other span of this length is quiet. */
  readonly burst: number | null;
  /** The chance that units are put aside before a question. */
  readonly setAside: number;
  readonly lengths: readonly number[];
}

const MIXED: Profile = {
  isolates: 3,
  bases: [0, 40, 200],
  maxes: [200, 1000],
  slackMs: 20,
  drift: 0.009,
  offsetMs: 5000,
  crash: 0.02,
  isolateCrash: 0.02,
  supersede: 0.01,
  deploy: 0.02,
  restore: 0.01,
  lose: 0.02,
  abandon: 0.02,
  loseLastWord: 0.02,
  slow: 0.05,
  limits: [1, 3, 20, 100, 1000],
  windowSeconds: [1, 2],
  distances: [1, 10, 60, 300],
  writes: [0, 3, 30],
  requestEvery: [3, 15, 60],
  changeEvery: [60, 200, 700],
  costs: [1],
  cuts: 0.3,
  revocations: 0.04,
  denials: 0.2,
  repeats: 0.1,
  changesLimits: false,
  changesWindows: false,
  isolateSteps: [],
  guardSteps: [],
  areStepsHidden: false,
  hasTimers: false,
  countsByTime: false,
  renews: true,
  burst: null,
  setAside: 0,
  lengths: [2500, 5000],
};

const BUDGET: Profile = {
  ...MIXED,
  drift: 0.0002,
  offsetMs: 0,
  bases: [40, 200],
  cuts: 0,
  revocations: 0,
  denials: 0,
  restore: 0,
  countsByTime: true,
};

export const PROFILES = {
  mixed: MIXED,
  /** Small budgets of short windows. */
  rate: {
    ...BUDGET,
    limits: [1, 3, 5, 20, 60, 400],
    windowSeconds: [1],
    requestEvery: [0.7, 2, 6],
    changeEvery: [1500],
    crash: 0.03,
  },
  /** The same with answers that take as long as a window. */
  rateFar: {
    ...BUDGET,
    limits: [3, 20, 60, 200],
    windowSeconds: [0.7, 1],
    requestEvery: [2, 6],
    distances: [300, 600],
    changeEvery: [300],
    crash: 0,
    supersede: 0,
  },
  /** Windows whose end clocks that drift see at different times. */
  rateDrift: {
    ...BUDGET,
    drift: 0.0024,
    limits: [20, 60, 200],
    windowSeconds: [3],
    requestEvery: [1, 3],
    distances: [0.5],
    writes: [0],
    changeEvery: [1e9],
    crash: 0,
    isolateCrash: 0,
    supersede: 0,
    lose: 0,
    deploy: 0,
    abandon: 0,
    bases: [200],
    lengths: [12_000],
    burst: 700,
  },
  /** Units that come back, by messages that get lost. */
  returns: {
    ...BUDGET,
    limits: [20, 60, 400],
    windowSeconds: [2, 4],
    requestEvery: [2, 6],
    changeEvery: [1500],
    crash: 0,
    supersede: 0,
    lose: 0.08,
    lengths: [8000],
    burst: 900,
    setAside: 0.1,
  },
  /** Last words of which the answer is lost. */
  lastWords: {
    ...BUDGET,
    isolates: 2,
    limits: [100, 200],
    windowSeconds: [30],
    requestEvery: [15],
    changeEvery: [5000],
    distances: [1, 10],
    crash: 0,
    isolateCrash: 0,
    supersede: 0,
    deploy: 0,
    abandon: 0,
    lose: 0,
    loseLastWord: 0.5,
    lengths: [16_000],
    burst: 3000,
  },
  /** Answers of several questions that overtake each other and the end of windows; many requests are refused. */
  crossing: {
    ...BUDGET,
    isolates: 2,
    limits: [2, 4, 10],
    windowSeconds: [0.2, 0.4],
    requestEvery: [4, 10],
    changeEvery: [60, 150],
    distances: [100, 300],
    crash: 0,
    isolateCrash: 0,
    supersede: 0,
    deploy: 0,
    abandon: 0,
    slow: 0.3,
    setAside: 0.2,
  },
  /** Requests that cost more than one unit, some more than the whole limit. */
  costs: {
    ...BUDGET,
    limits: [1, 5, 20, 60, 400],
    windowSeconds: [1, 2],
    requestEvery: [2, 6, 20],
    changeEvery: [700],
    distances: [1, 10, 60, 300],
    costs: [0, 1, 1, 2, 7, 30],
    crash: 0.01,
    setAside: 0.05,
  },
  /** Limits that change. */
  limits: {
    ...MIXED,
    changesLimits: true,
    limits: [2, 5, 20, 60],
    requestEvery: [2, 6],
    changeEvery: [100, 400],
    restore: 0,
    distances: [1, 10, 60],
    bases: [40, 200],
  },
  /** Limits of which the window becomes shorter and longer. */
  windowLengths: {
    ...BUDGET,
    changesWindows: true,
    limits: [20, 60],
    windowSeconds: [0.2, 0.5, 3],
    requestEvery: [1, 3, 10],
    changeEvery: [100, 300],
    distances: [1, 10, 60],
    crash: 0,
    supersede: 0,
  },
  /** Answers that take longer than leases. */
  far: {
    ...MIXED,
    distances: [100, 300, 600],
    bases: [40, 200],
    limits: [1000],
    requestEvery: [8, 20],
    changeEvery: [100, 300],
    crash: 0.005,
    isolateCrash: 0.005,
    supersede: 0.002,
  },
  /** Isolates that start again and again, far away. */
  fresh: {
    ...MIXED,
    distances: [400, 700],
    bases: [200],
    maxes: [1000],
    limits: [1000],
    requestEvery: [15, 40],
    changeEvery: [80, 200],
    crash: 0,
    supersede: 0,
    lose: 0.05,
    isolateCrash: 0.15,
  },
  /** Clocks that drift by as much as the slack covers. */
  drift: {
    ...MIXED,
    isolates: 2,
    bases: [1000],
    maxes: [1000],
    drift: 0.0099,
    distances: [0.5],
    writes: [0],
    requestEvery: [1, 2],
    changeEvery: [30],
    renews: false,
    crash: 0,
    isolateCrash: 0,
    supersede: 0,
    lose: 0,
    limits: [100_000],
    restore: 0,
    cuts: 0,
    denials: 0,
    revocations: 0,
    deploy: 0,
  },
  /** Deployments that change the length of leases, and guards that crash. */
  lengths: {
    ...MIXED,
    bases: [0, 200, 1500],
    maxes: [200, 1500],
    crash: 0.06,
    isolateCrash: 0.06,
    deploy: 0.08,
    supersede: 0.02,
    limits: [1000],
    requestEvery: [5, 15],
    distances: [1, 30],
    changeEvery: [150, 400],
    drift: 0.005,
    lengths: [6000],
  },
  /** Clocks of isolates that step. */
  steps: {
    ...MIXED,
    bases: [200],
    maxes: [1000],
    drift: 0,
    isolateSteps: [-3000, -500, -100, -40, 1000, 300],
    crash: 0,
    isolateCrash: 0,
    supersede: 0,
    requestEvery: [3, 8],
    limits: [1000, 100_000],
  },
  /** Clocks of guards that step. */
  guardSteps: {
    ...MIXED,
    bases: [200],
    maxes: [1000],
    drift: 0,
    guardSteps: [-2500, -500, 500, 100, 5000, 60_000],
    crash: 0.005,
    isolateCrash: 0.005,
    supersede: 0,
    requestEvery: [3, 8],
    limits: [20, 200, 1000],
    windowSeconds: [0.4, 1],
    distances: [1, 60, 300],
  },
  /** Clocks of guards that step back by a little more than a window. */
  windowSteps: {
    ...BUDGET,
    drift: 0,
    guardSteps: [-401, -402, -404, -408],
    limits: [20, 60],
    windowSeconds: [0.4],
    requestEvery: [1, 3],
    changeEvery: [1500],
    distances: [1, 10],
    countsByTime: false,
    crash: 0,
    isolateCrash: 0,
    supersede: 0,
    deploy: 0,
  },
  /** Changes that are put again, each in the wait of others. */
  repeats: {
    ...MIXED,
    bases: [200],
    limits: [1000],
    distances: [1, 10],
    requestEvery: [3, 15],
    changeEvery: [40, 80],
    repeats: 0.6,
    denials: 0,
    cuts: 0,
    crash: 0,
    isolateCrash: 0,
    supersede: 0,
    deploy: 0,
  },
  /** Clocks of isolates that step back unseen. */
  hiddenSteps: {
    ...MIXED,
    bases: [200],
    maxes: [200],
    drift: 0,
    offsetMs: 0,
    isolateSteps: [-40, -100, -300],
    areStepsHidden: true,
    hasTimers: true,
    abandon: 0,
    crash: 0,
    isolateCrash: 0,
    supersede: 0,
    requestEvery: [3, 60, 120],
    limits: [100_000],
  },
} satisfies Record<string, Profile>;

export type ProfileName = keyof typeof PROFILES;
