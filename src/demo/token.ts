import { parseArgs } from "node:util";
import { requestToken, type TokenRequest } from "./identity-token.ts";
import { demoPort, sampleIssuer } from "./ports.ts";
import { SAMPLE_USERS } from "./sample-users.ts";
import { StartError } from "./start-error.ts";
import { messageOf } from "../core/thrown.ts";

/** `npm run -s token`: prints an identity token of the running sample identity provider, and nothing else. */

const USAGE = `Usage: npm run -s token -- --user <${[...SAMPLE_USERS.keys()].join("|")}> [--mfa] [--ops]

  --mfa  signed in with a second factor, just now
  --ops  with the operators' scope
`;

function readArguments(): TokenRequest | null {
  try {
    const { values } = parseArgs({
      options: { user: { type: "string" }, mfa: { type: "boolean" }, ops: { type: "boolean" } },
    });
    const { user = "", mfa = false, ops = false } = values;
    return SAMPLE_USERS.has(user) ? { user, mfa, ops } : null;
  } catch {
    return null;
  }
}

async function main(): Promise<number> {
  const request = readArguments();
  if (!request) {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    const issuer = sampleIssuer(demoPort(process.env));
    const token = await requestToken(issuer, request).catch((error: unknown) => {
      if (error instanceof TypeError)
        throw new StartError(`No identity provider answers at ${issuer}: npm start runs one`);
      throw error;
    });
    process.stdout.write(`${token}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
}

process.exitCode = await main();
