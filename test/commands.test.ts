import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readArguments as readSimulate } from "../src/admission/simulation/arguments.ts";
import { UsageError } from "../src/command-line.ts";
import { readArguments as readCost } from "../src/cost/arguments.ts";
import { readArguments as readBench } from "./bench/arguments.ts";
import { readArguments as readMutate } from "./mutation/arguments.ts";
import { readArguments as readModel } from "./promise/protocol/arguments.ts";
import { readArguments as readTorture } from "./promise/torture/arguments.ts";
import { readArguments as readSoak } from "./soak/arguments.ts";
import { readJson } from "./support/json.ts";

const ROOT = join(import.meta.dirname, "..");
const directory = mkdtempSync(join(tmpdir(), "portcullis-commands-"));
afterAll(() => rmSync(directory, { recursive: true }));

const LOAD = ["--requests", "1", "--keys", "1"];
const NUMBERS = ["many", "-1", "", " ", "0x10", "NaN", "Infinity", "1e999", "1,5"];
const FILES = [directory, join(directory, "missing/file"), "/dev/full/file", ""];

/** The commands that read their options as numbers, names and files; by option, what each must refuse. */
const COMMANDS: readonly {
  readonly name: string;
  readonly read: (args: string[]) => unknown;
  readonly good: readonly string[];
  readonly bad: Readonly<Record<string, readonly string[]>>;
}[] = [
  {
    name: "cost",
    read: readCost,
    good: LOAD,
    bad: {
      "--requests": [...NUMBERS, "0", "1e13"],
      "--keys": [...NUMBERS, "0", "1.5", "1e7"],
      "--skew": ["steep", ""],
      "--organizations": [...NUMBERS, "0", "2"],
      "--isolates": [...NUMBERS, "0", "1.5", "1001"],
      "--log": [...NUMBERS, "some", "1.1"],
      "--refused": [...NUMBERS, "2"],
      "--cpu-ms": [...NUMBERS, "1e6"],
      "--json": FILES,
    },
  },
  {
    name: "simulate",
    read: readSimulate,
    good: [],
    bad: { "--seed": [...NUMBERS, "1.5", "1e12"], "--only": ["no such scenario"], "--json": FILES },
  },
  {
    name: "model",
    read: readModel,
    good: [],
    bad: {
      "--minutes": [...NUMBERS, "0", "1e9"],
      "--profile": ["no such profile", ""],
      "--states": [...NUMBERS, "0", "1.5"],
    },
  },
  {
    name: "torture",
    read: readTorture,
    good: [],
    bad: {
      "--minutes": [...NUMBERS, "0"],
      "--seed": [...NUMBERS, "1.5"],
      "--steps": [...NUMBERS, "0", "1.5"],
      "--only": ["no such fault"],
    },
  },
  {
    name: "mutate",
    read: readMutate,
    good: [],
    bad: {
      "--room": ["src/nowhere", "test", "", "/etc/passwd"],
      "--share": [...NUMBERS, "2"],
      "--minutes": [...NUMBERS, "0"],
      "--seed": [...NUMBERS, "1.5"],
      "--processes": [...NUMBERS, "0", "1.5", "1000"],
    },
  },
  {
    name: "bench",
    read: readBench,
    good: [],
    bad: {
      "--rounds": [...NUMBERS, "0", "1.5"],
      "--seconds": [...NUMBERS, "0"],
      "--only": ["leased,nothing"],
      "--json": FILES,
    },
  },
  {
    name: "soak",
    read: readSoak,
    good: [],
    bad: {
      "--hours": [...NUMBERS, "0"],
      "--keys": [...NUMBERS, "1", "1.5"],
      "--orgs": [...NUMBERS, "0", "1.5"],
      "--rate": [...NUMBERS, "0"],
      "--objects": [...NUMBERS, "0", "1.5"],
      "--json": FILES,
    },
  },
];

function problemOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "";
}

describe.each(COMMANDS)("npm run $name", ({ read, good, bad }) => {
  test.each(Object.entries(bad))("names %s and what is wrong with it, in a line", (option, values) => {
    for (const value of values) {
      expect([value, problemOf(() => read([...good, `${option}=${value}`]))]).toEqual([
        value,
        expect.stringMatching(new RegExp(`^${option}\\b[^\\n]+$`)),
      ]);
    }
    expect(problemOf(() => read([...good, option]))).toMatch(
      new RegExp(`${option}\\b[^\\n]*argument[^\\n]*$`),
    );
    expect(problemOf(() => read([...good, option, "--other"]))).toMatch(/^[^\n]+$/);
  });

  test.each([["--no-such-option"], ["one word more"]])("refuses %s, in a line", (arg) => {
    expect(problemOf(() => read([...good, arg]))).toMatch(/^[^\n]+$/);
  });

  test("takes what its usage shows, and makes a file that it can write", () => {
    const file = join(directory, "figures.json");
    expect(read([...good, ...("--json" in bad ? [`--json=${file}`] : [])])).toBeTruthy();
    expect(existsSync(file)).toBe("--json" in bad);
    rmSync(file, { force: true });
  });
});

const { scripts } = readJson<{ scripts: Record<string, string> }>(
  readFileSync(join(ROOT, "package.json"), "utf8"),
);
/** Those that read their arguments in another way, which tests of their own hold. */
const OTHERS = ["build", "deploy", "ops"];
const files = Object.entries(scripts)
  .map(([name, script]) => [name, /^(?:exec )?node (\S+\.ts)$/.exec(script)?.[1]] as const)
  .filter((each): each is readonly [string, string] => each[1] !== undefined && !OTHERS.includes(each[0]));

test.each(files)("npm run %s reads its arguments as all commands do", (_, file) => {
  expect(readFileSync(join(ROOT, file), "utf8")).toMatch(/\bcommandOf\(USAGE, \w+\)/);
});

test.each<[string, string[], number, RegExp]>([
  [
    "src/cost/main.ts",
    [...LOAD, "--json", "/tmp"],
    2,
    /^--json: "\/tmp" cannot be written \(EISDIR\)\nUsage:\n.*\n.*\n$/,
  ],
  ["src/check.ts", ["--operation", "nonsense"], 2, /^--operation must be [^\n]*\nUsage: [^\n]*\n$/],
  ["src/check.ts", ["--help"], 0, /^Usage: .*Exit code/s],
])("%s %j ends with %i and says why", async (file, args, expected, says) => {
  const outcome = await new Promise<[unknown, string]>((done) => {
    execFile(process.execPath, [file, ...args], { cwd: ROOT }, (error, stdout, stderr) =>
      done([error?.code ?? 0, stdout + stderr]),
    );
  });
  expect(outcome).toEqual([expected, expect.stringMatching(says)]);
});
