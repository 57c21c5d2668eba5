/** `npm run simulate -- [--json FILE] [--only TEXT] [--seed N]`: the scenarios in virtual time, by the product's own rules. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { tableOf } from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";
import { simulate } from "./simulation.ts";
import type { Figures } from "./figures.ts";

const { values } = parseArgs({
  options: { json: { type: "string" }, only: { type: "string" }, seed: { type: "string" } },
});
const scenarios: Figures[] = [];
for (const scenario of SCENARIOS) {
  if (!scenario.name.includes(values.only ?? "")) continue;
  scenarios.push(await simulate(scenario, Number(values.seed ?? 1)));
  process.stderr.write(`${scenario.name}\n`);
}
console.log(tableOf(scenarios));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ scenarios }, null, 2)}\n`);
