import type { RevocationEntry } from "../api-types/revocations.ts";
import type { ListCommand } from "./arguments.ts";
import { OperatorClient } from "./client.ts";
import { table } from "./table.ts";

const HEADING = ["KEY", "ORGANISATION", "STATUS", "REQUESTED", "EFFECTIVE", "OPERATOR", "REASON"];

/** `list`: prints the recorded revocations. */
export async function list(command: ListCommand, print: (text: string) => void): Promise<number> {
  const entries: RevocationEntry[] = [];
  for await (const entry of new OperatorClient(command).list(command.status)) {
    if (command.output === "ndjson") print(`${JSON.stringify(entry)}\n`);
    else entries.push(entry);
  }
  if (command.output === "json") print(`${JSON.stringify(entries, null, 2)}\n`);
  if (command.output === "table") print(table(HEADING, entries.map(rowOf)));
  return 0;
}

function rowOf(entry: RevocationEntry): (string | null)[] {
  const { keyId, orgId, ownerId, status, requestedAt, effectiveAt, operator, reason } = entry;
  const owner = ownerId === null ? orgId : `${orgId}/${ownerId}`;
  return [keyId, owner, status, requestedAt, effectiveAt, operator.id, reason];
}
