import { NotRolledBack } from "./deploy-error.ts";
import type { Wrangler } from "./wrangler.ts";

const EXPLANATION = `Going back changes the code and the configuration, and nothing that is stored: keys, revocations and the audit stay as they
are. The version before this one works with what this one has written. Under one that does not, an object refuses to open
and says why in the log: its keys get 503, nothing is lost, and a later version opens it again. Cloudflare refuses to go back
past a change of the Durable Objects' classes (migrations of wrangler.toml): then deploy the older code with the newer
migrations instead. Secrets and the KV namespace stay. wrangler.toml and the code here are unchanged: the next deployment
brings back what you left, unless you check out the older commit first.
`;

/** Has Cloudflare run an earlier version again: the one before, or the one named. */
export async function rollBack(
  version: string,
  wrangler: Wrangler,
  print: (text: string) => void,
): Promise<void> {
  print(EXPLANATION);
  const args = [
    "rollback",
    ...(version === "" ? [] : [version]),
    "--yes",
    "--message",
    "npm run deploy --rollback",
  ];
  const { code, stdout, all } = await wrangler.run(args);
  if (code !== 0) throw new NotRolledBack(`wrangler could not go back:\n${all.trim()}`);
  print(stdout);
}
