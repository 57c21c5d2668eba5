import { commandOf, oneOf, parseOptions } from "../command-line.ts";
import { requestToken, type TokenRequest } from "./identity-token.ts";
import { demoPort, sampleIssuer } from "./ports.ts";
import { SAMPLE_USERS } from "./sample-users.ts";
import { StartError } from "./start-error.ts";
import { messageOf } from "../core/thrown.ts";

/** `npm run -s token`: prints an identity token of the running sample identity provider, and nothing else. */

const NAMES = [...SAMPLE_USERS.keys()];
const USAGE = `Usage: npm run -s token -- --user <${NAMES.join("|")}> [--mfa] [--ops]

  --mfa  signed in with a second factor, just now
  --ops  with the operators' scope
`;

function readArguments(args: string[]): TokenRequest {
  const { user, mfa, ops } = parseOptions({
    args,
    options: {
      user: { type: "string", default: "" },
      mfa: { type: "boolean", default: false },
      ops: { type: "boolean", default: false },
    },
  }).values;
  return { user: oneOf("--user", user, NAMES), mfa, ops };
}

async function main(): Promise<number> {
  const request = commandOf(USAGE, readArguments);
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
