import { inputText, UsageError, useProxy } from "./command-line.ts";
import { explainIdToken } from "./control/identity/explain-id-token.ts";
import { explainToken, type Explanation } from "./control/identity/explain.ts";
import { ProviderKeys } from "./control/identity/provider-keys.ts";
import { configuredVars } from "./demo/runtime.ts";
import { readSettings } from "./demo/settings.ts";
import { isRecord } from "./core/json.ts";
import { messageOf } from "./core/thrown.ts";

/** `npm run check -- --token FILE`: explains what the gateway makes of a token by the current settings. */

/** A token, and the ID token that came with it; `undefined` where none did. */
interface Given {
  readonly token: string;
  readonly idToken: unknown;
}

const EXIT_CODES = { accepted: 0, refused: 1, unverified: 3 } as const satisfies Record<
  Explanation["verdict"],
  number
>;

/**
 * Explains the token in a file, or on standard input for `-`; the exit code: 0 if it is accepted, 2 if the
 * file cannot be read, 3 if the issuer cannot be asked, else 1. `hasVaults`: whether the API has vaults.
 */
export async function checkToken(file: string, hasVaults: boolean): Promise<number> {
  try {
    return await check(file, hasVaults);
  } catch (error) {
    // A setting or a file that cannot be used names itself.
    console.error(messageOf(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

async function check(file: string, hasVaults: boolean): Promise<number> {
  const { identity } = readSettings(process.env, configuredVars()).config;
  const { token, idToken } = readGiven(inputText("--token", file));
  useProxy();
  const keys = new ProviderKeys(identity.issuer);
  const reading = { ...identity, hasVaults };
  const now = Date.now();
  const beside = idToken === undefined ? null : await explainIdToken(idToken, token, keys, reading, now);
  const explanation = await explainToken(token, keys, reading, now, beside?.claims ?? null);
  console.log(asText(explanation));
  if (beside !== null) console.log(asText({ lines: [["ID token", beside.text]] }));
  return EXIT_CODES[explanation.verdict];
}

/** A bare token, a header's `Bearer …`, or the whole answer of a token endpoint (RFC 6749 section 5). */
export function readGiven(text: string): Given {
  const plain = text.trim().replace(/^(authorization: *)?bearer +/i, "");
  if (!plain.startsWith("{")) return { token: plain, idToken: undefined };
  const answer = readAnswer(plain);
  const { error, error_description: description, access_token: token, id_token: idToken } = answer;
  if (error !== undefined) {
    const why = typeof description === "string" ? `: ${description}` : "";
    throw new Error(`The provider gave no token but the error ${JSON.stringify(error)}${why}`);
  }
  if (typeof token === "string") return { token, idToken: idToken ?? undefined };
  throw new Error(
    token === undefined
      ? "The answer holds no access_token, and the gateway takes nothing else"
      : "access_token must be a text",
  );
}

function readAnswer(text: string): Readonly<Record<string, unknown>> {
  try {
    const answer: unknown = JSON.parse(text);
    if (isRecord(answer)) return answer;
  } catch {
    // As below.
  }
  throw new Error("This is neither a token nor the JSON answer of a token endpoint");
}

function asText({ lines }: Pick<Explanation, "lines">): string {
  return lines.map(([label, text]) => `${label.padEnd(15)}${text}`).join("\n");
}
