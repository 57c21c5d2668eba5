import type { Difference } from "../api-types/reconciliations.ts";
import type { ReconcileCommand } from "./arguments.ts";
import { OperatorClient } from "./client.ts";
import { table } from "./table.ts";

const HEADING = ["KEY", "ORGANISATION", "DIFFERENCE", "FIELDS", "SETTLED"];

/** `reconcile`: prints how organisations, guards and KV differ; the exit code tells whether differences remain. */
export async function reconcile(command: ReconcileCommand, print: (text: string) => void): Promise<number> {
  const { url, token, org, fix, output } = command;
  const client = new OperatorClient(url, token);
  const organizations = org === null ? await client.organizations() : [org];
  const found: Difference[] = [];
  for (const orgId of organizations) {
    for await (const difference of client.reconcile(orgId, fix)) {
      if (output === "ndjson") print(`${JSON.stringify(difference)}\n`);
      found.push(difference);
    }
  }
  const settled = found.filter((difference) => difference.settled).length;
  const summary = { organizations: organizations.length, differences: found.length, settled };
  if (output === "ndjson") print(`${JSON.stringify({ summary })}\n`);
  if (output === "json") print(`${JSON.stringify({ summary, differences: found }, null, 2)}\n`);
  if (output === "table") print(tableOf(found));
  process.stderr.write(
    `${organizations.length} organisations, ${found.length} differences, ${settled} settled\n`,
  );
  return settled < found.length ? 1 : 0;
}

function tableOf(found: readonly Difference[]): string {
  return table(
    HEADING,
    found.map(({ keyId, orgId, guard, difference, fields, settled }) => [
      keyId,
      orgId,
      keyId === null ? `${difference} ${guard}` : difference,
      fields.length === 0 ? null : fields.join(","),
      settled ? "yes" : "no",
    ]),
  );
}
