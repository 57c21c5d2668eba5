import { join, resolve } from "node:path";
import type { Target } from "./configuration.ts";

const ROOT = join(import.meta.dirname, "../..");
const MAIN = join(ROOT, "src/worker.ts");
const BUILD = "npm run -s build";
/** What wrangler puts in by itself. */
const JSX = { jsx_factory: "React.createElement", jsx_fragment: "React.Fragment" } as const;

/**
 * What would have other code deployed than was checked: another Worker, one that is not built anew from the API's
 * document, or one that is bundled in another way.
 */
export function codeProblems(target: Target): string[] {
  const { main, build, rules } = target;
  const set: readonly (readonly [name: string, isSet: boolean])[] = [
    ["no_bundle", target.no_bundle === true],
    ["rules", rules.length > 0],
    ["tsconfig", target.tsconfig !== undefined],
    ["base_dir", target.base_dir !== undefined],
    ["find_additional_modules", target.find_additional_modules === true],
    ["jsx_factory", target.jsx_factory !== JSX.jsx_factory],
    ["jsx_fragment", target.jsx_fragment !== JSX.jsx_fragment],
  ];
  return [
    ...(main !== undefined && resolve(main) === MAIN
      ? []
      : [`main: must be src/worker.ts of this directory (is ${main ?? "missing"})`]),
    ...(build.command === BUILD
      ? []
      : [
          `build: command must be ${JSON.stringify(BUILD)}, or the code is of an older API document (is ${JSON.stringify(build.command ?? "")})`,
        ]),
    ...(resolve(build.cwd ?? ROOT) === ROOT
      ? []
      : [`build: cwd must be this directory, or left out (is ${build.cwd})`]),
    ...set
      .filter(([, isSet]) => isSet)
      .map(([name]) => `${name}: must not be set: the code would not be what was tested`),
  ];
}
