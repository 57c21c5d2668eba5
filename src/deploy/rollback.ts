import { HalfDeployed, NotRolledBack } from "./deploy-error.ts";
import { runningVersions } from "./deployed.ts";
import type { Wrangler } from "./wrangler.ts";

const EXPLANATION = `Going back changes the code and the configuration, and nothing that is stored: keys, revocations and the audit stay as they
are. The version before this one works with what this one has written. Under one that does not, an object refuses to open
and says why in the log: its keys get 503, nothing is lost, and a later version opens it again. Cloudflare refuses to go back
past a change of the Durable Objects' classes (migrations of wrangler.toml): then deploy the older code with the newer
migrations instead. Secrets and the KV namespace stay. wrangler.toml and the code here are unchanged: the next deployment
brings back what you left, unless you check out the older commit first.
`;

/** How wrangler says that it has no credentials: nothing was asked of Cloudflare. */
const NOBODY = /necessary to set a CLOUDFLARE_API_TOKEN environment variable/;

/** Has Cloudflare run an earlier version again: the one before, or the one named. */
export async function rollBack(
  version: string,
  wrangler: Wrangler,
  print: (text: string) => void,
): Promise<void> {
  print(EXPLANATION);
  const before = await versionsOf(wrangler);
  const args = [
    "rollback",
    ...(version === "" ? [] : [version]),
    "--yes",
    "--message",
    "npm run deploy --rollback",
  ];
  const { code, stdout, all, timedOut = false } = await wrangler.run(args);
  if (code === 0) {
    print(stdout);
    return;
  }
  const problem = `wrangler could not go back:\n${all.trim()}`;
  const after = await versionsOf(wrangler);
  const isUnchanged = before !== null && after === before && !timedOut;
  if (isUnchanged || NOBODY.test(all)) throw new NotRolledBack(problem);
  throw new HalfDeployed(
    before !== null && after !== null && after !== before
      ? "It went back, and wrangler failed after that"
      : "Whether it went back could not be found out",
    problem,
    "Look what runs (npx wrangler deployments status --env ENV) before you go back again: without a VERSION it goes back one more",
  );
}

/** What runs, as text; `null` when nobody can say. */
async function versionsOf(wrangler: Wrangler): Promise<string | null> {
  try {
    return JSON.stringify(await runningVersions(wrangler));
  } catch {
    return null;
  }
}
