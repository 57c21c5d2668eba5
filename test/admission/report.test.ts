import { describe, expect, test } from "vitest";
import { addReport, countUse, newTally } from "../../src/core/usage/usage-tally.ts";
import type { Answer, Question } from "../../src/admission/protocol.ts";
import { newGroup, newIsolate, type SentQuestion } from "../../src/admission/rules/held.ts";
import { compose } from "../../src/admission/rules/isolate.ts";
import { lastWordAt, noteAnswered, noteFailed, noteSent, wantsOf } from "../../src/admission/rules/pace.ts";
import type { GuardedKey } from "../../src/admission/rules/records.ts";
import { REPORT_EVERY_MS, Reporters, reportOf, usageOf } from "../../src/admission/rules/report.ts";
import { seededRandom } from "../../src/admission/simulation/random.ts";

const IDS = ["key_a", "key_b", "key_c"];
const ANSWER: Answer<GuardedKey> = { revision: 1, leaseMs: 0, changed: {}, keys: {}, ahead: false };
const FIRST = "instance 0";

/** Counts at an isolate, on their way to a guard over a network that loses questions and answers. */
class Reporting {
  readonly counted: Record<string, number> = {};
  readonly arrived: Record<string, number> = {};
  #instance = FIRST;
  #reporters = new Reporters(FIRST);
  #starts = 0;
  readonly #isolate = newIsolate<GuardedKey>();
  readonly #group = newGroup<GuardedKey>("group");
  readonly #underWay: SentQuestion[] = [];

  constructor(id: string) {
    this.#isolate.id = id;
    this.ask();
    this.end(0, true, true);
  }

  count(id: string): void {
    countUse(usageOf(this.#group, id), "succeeded", null, "192.0.2.1", 0);
    this.counted[id] = (this.counted[id] ?? 0) + 1;
  }

  ask(): void {
    const report = reportOf(this.#isolate, this.#group, true, 0);
    const wants = wantsOf(this.#group, { asker: null, report, isFinal: true }, 0);
    const sent = compose(this.#isolate, this.#group, { wants, report, leaseMs: 0, isFinal: true }, 0);
    noteSent(this.#group, sent);
    this.#underWay.push(sent);
  }

  /** One question that is under way ends: `isHeard` by the guard, `isAnswered` to the isolate. */
  end(at: number, isHeard: boolean, isAnswered: boolean): void {
    const [sent] = this.#underWay.splice(at % Math.max(1, this.#underWay.length), 1);
    if (sent === undefined) return;
    if (isHeard) this.#hear(sent.question);
    if (isHeard && isAnswered) noteAnswered(this.#group, sent, { ...ANSWER, instance: this.#instance }, 0);
    else noteFailed(this.#group, sent, { isOverloaded: false, random: 0 }, 0);
  }

  /** The guard starts anew and remembers nothing. What it had taken in was delivered; questions under way fail. */
  restart(): void {
    while (this.#underWay.length > 0) this.end(0, false, false);
    this.#instance = `instance ${++this.#starts}`;
    this.#reporters = new Reporters(this.#instance);
  }

  /** A question that its sender has given up reaches the guard after all. */
  hearLate(question: Question): void {
    this.#hear(question);
  }

  get latest(): Question | undefined {
    return this.#underWay.at(-1)?.question;
  }

  /** Everything that is owed is said and answered. */
  settle(): void {
    for (let tries = 0; lastWordAt(this.#group) !== null && tries < 100; tries++) {
      this.ask();
      this.end(0, true, true);
    }
  }

  #hear(question: Question): void {
    if (!this.#reporters.isNew(question.report)) return;
    for (const { id, usage } of question.keys) {
      if (usage === null) continue;
      const tally = newTally();
      addReport(tally, usage);
      for (const { succeeded } of Object.values(tally.minutes)) {
        this.arrived[id] = (this.arrived[id] ?? 0) + succeeded;
      }
    }
  }
}

test("whatever questions and answers are lost, each count arrives once", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const reporting = new Reporting("isolate");
    const late: Question[] = [];
    for (let step = 0; step < 60; step++) {
      const chance = random();
      if (chance < 0.4) reporting.count(IDS[Math.floor(random() * IDS.length)] ?? "key_a");
      else if (chance < 0.65) reporting.ask();
      else if (chance < 0.7 && reporting.latest !== undefined) late.push(reporting.latest);
      else if (chance < 0.75) late.splice(0, 1).forEach((question) => reporting.hearLate(question));
      else reporting.end(Math.floor(random() * 8), random() < 0.6, random() < 0.5);
    }
    reporting.settle();
    for (const question of late) reporting.hearLate(question);
    expect(reporting.arrived, `seed ${seed}`).toEqual(reporting.counted);
  }
});

describe("the counts of a group", () => {
  const isolate = newIsolate<GuardedKey>();
  const group = newGroup<GuardedKey>("group");
  const keysReported = (isFinal: boolean, now: number) => {
    countUse(usageOf(group, "key_a"), "succeeded", null, "192.0.2.1", now);
    const report = reportOf(isolate, group, isFinal, now);
    group.report = null;
    return report && [...report.usage].map(([id, { minutes }]) => [id, Object.values(minutes)[0]?.succeeded]);
  };

  test("wait while it is in use, and are reported together", () => {
    expect(keysReported(false, 0)).toEqual([["key_a", 1]]);
    expect(keysReported(false, 1)).toBeNull();
    expect(keysReported(false, REPORT_EVERY_MS - 1)).toBeNull();
    expect(keysReported(false, REPORT_EVERY_MS)).toEqual([["key_a", 3]]);
  });

  test("are reported by its last word, whenever that is", () => {
    expect(keysReported(true, REPORT_EVERY_MS + 1)).toEqual([["key_a", 1]]);
  });

  test("do not wait longer because the clock was set back", () => {
    expect(keysReported(false, -REPORT_EVERY_MS)).toEqual([["key_a", 1]]);
  });
});

test("however often the guard starts anew, no count arrives twice, and later ones arrive", () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const reporting = new Reporting("isolate");
    const lost = () => IDS.map((id) => (reporting.counted[id] ?? 0) - (reporting.arrived[id] ?? 0));
    const act = (restarts: boolean) => {
      const chance = random();
      if (chance < 0.4) reporting.count(IDS[Math.floor(random() * IDS.length)] ?? "key_a");
      else if (chance < 0.65) reporting.ask();
      else if (chance < 0.75 && restarts) reporting.restart();
      else reporting.end(Math.floor(random() * 8), random() < 0.7, random() < 0.5);
    };
    for (let step = 0; step < 60; step++) {
      act(true);
      expect(Math.min(...lost()), `seed ${seed}`).toBeGreaterThanOrEqual(0);
    }
    reporting.settle();
    const before = lost();
    for (let step = 0; step < 30; step++) act(false);
    reporting.settle();
    expect(lost(), `seed ${seed}`).toEqual(before);
  }
});

test("a report says who it was first sent to when it is sent again, and not before", () => {
  const [isolate, group] = [newIsolate<GuardedKey>(), newGroup<GuardedKey>("group")];
  group.instance = FIRST;
  countUse(usageOf(group, "key_a"), "succeeded", null, "192.0.2.1", 0);
  const repeated = Array.from({ length: 2 }, () => reportOf(isolate, group, true, 0)?.isRepeated);
  expect(repeated).toEqual([false, true]);
  expect(group.report).toMatchObject({ number: 1, firstTo: FIRST });
});

test("a report that names nobody is taken in, as Workers of the version before send it", () => {
  const reporters = new Reporters(FIRST);
  expect([reporters.isNew(undefined), reporters.isNew(undefined)]).toEqual([true, true]);
});

test("reports of one isolate do not stand for those of another", () => {
  const reporters = new Reporters(FIRST);
  const news = ["a", "b", "a", "b"].map((isolate) => reporters.isNew({ isolate, number: 1 }));
  expect(news).toEqual([true, true, false, false]);
});

test("a guard remembers a thousand isolates, and forgets the one that was silent longest", () => {
  const reporters = new Reporters(FIRST);
  const isNew = (isolate: number, number = 1) => reporters.isNew({ isolate: `${isolate}`, number });
  for (let i = 0; i < 1000; i++) isNew(i);
  expect([isNew(0), isNew(0, 2)]).toEqual([false, true]);
  isNew(1000);
  expect([isNew(0, 2), isNew(2), isNew(1000)]).toEqual([false, false, false]);
  expect(isNew(1)).toBe(true);
});
