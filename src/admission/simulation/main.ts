/** `npm run simulate`: the scenarios in virtual time, by the product's own rules; see `USAGE`. */
import { commandOf, writeFigures } from "../../command-line.ts";
import { readArguments, USAGE } from "./arguments.ts";
import type { Figures } from "./figures.ts";
import { tableOf } from "./report.ts";
import { simulate } from "./simulation.ts";

const command = commandOf(USAGE, readArguments);
const scenarios: Figures[] = [];
for (const scenario of command.scenarios) {
  scenarios.push(await simulate(scenario, command.seed));
  process.stderr.write(`${scenario.name}\n`);
}
console.log(tableOf(scenarios));
writeFigures("--json", command.json, { scenarios });
