import { numberOf, oneOf, parseOptions } from "../../../src/command-line.ts";
import { keysOf } from "../../../src/core/keys-of.ts";
import { PROFILES, type Profile } from "./profiles.ts";

export const USAGE = `Usage: npm run model [-- --minutes N] [--profile NAME] [--states N]

The models at length. Half of the time goes to random runs of every profile, or of the one that is named, the rest to
searching all runs within larger bounds.

  --minutes  in all; 1
  --states   that one search may look at; 2000000

Exit code 1: a promise is broken; 2: the command line cannot be carried out.
`;

interface ModelCommand {
  readonly totalMs: number;
  readonly profiles: readonly (readonly [string, Profile])[];
  readonly maxStates: number;
}

/** Reads the command line. Throws a `UsageError`. */
export function readArguments(args: string[]): ModelCommand {
  const { values } = parseOptions({
    args,
    options: {
      minutes: { type: "string", default: "1" },
      profile: { type: "string" },
      states: { type: "string", default: "2000000" },
    },
  });
  const names = keysOf(PROFILES);
  const chosen = values.profile === undefined ? names : [oneOf("--profile", values.profile, names)];
  return {
    totalMs: numberOf("--minutes", values.minutes, { least: 0.01, most: 10_000 }) * 60_000,
    profiles: chosen.map((name) => [name, PROFILES[name]]),
    maxStates: numberOf("--states", values.states, { least: 1, most: 1e9, whole: true }),
  };
}
