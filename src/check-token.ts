import { readFileSync } from "node:fs";
import { decodeJwt } from "jose";
import { explainToken, type Explanation } from "./control/identity/explain.ts";
import { ProviderKeys } from "./control/identity/provider-keys.ts";
import { configuredVars } from "./demo/runtime.ts";
import { readSettings } from "./demo/settings.ts";
import { messageOf } from "./core/thrown.ts";

/** `npm run check -- --token FILE`: explains what the gateway makes of a token by the current settings. */

/** A token, and what the ID token says that came with it. */
interface Given {
  readonly token: string;
  readonly signIn: Readonly<Record<string, unknown>> | null;
}

/**
 * Explains the token in a file, or on standard input for `-`; the exit code: 0 if it is accepted, else 1. `hasVaults`:
 * whether the API has vaults.
 */
export async function checkToken(file: string, hasVaults: boolean): Promise<number> {
  try {
    return await check(file, hasVaults);
  } catch (error) {
    // A setting or a file that cannot be used names itself.
    console.error(messageOf(error));
    return 1;
  }
}

async function check(file: string, hasVaults: boolean): Promise<number> {
  const { identity } = readSettings(process.env, configuredVars()).config;
  const { token, signIn } = readGiven(readFileSync(file === "-" ? 0 : file, "utf8"));
  const keys = new ProviderKeys(identity.issuer);
  const explanation = await explainToken(token, keys, { ...identity, hasVaults }, Date.now(), signIn);
  console.log(asText(explanation));
  return explanation.accepted ? 0 : 1;
}

/** A bare token, a header's `Bearer …`, or the whole answer of a token endpoint. */
function readGiven(text: string): Given {
  const plain = text.trim().replace(/^(authorization: *)?bearer +/i, "");
  if (!plain.startsWith("{")) return { token: plain, signIn: null };
  const answer = JSON.parse(plain) as { access_token?: string; id_token?: string };
  return {
    token: answer.access_token ?? "",
    signIn: answer.id_token === undefined ? null : decodeJwt(answer.id_token),
  };
}

function asText({ lines }: Explanation): string {
  return lines.map(([label, text]) => `${label.padEnd(15)}${text}`).join("\n");
}
