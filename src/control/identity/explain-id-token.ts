import type { Payload } from "./claims.ts";
import type { TokenReading } from "./mapping.ts";
import { ProviderUnavailable, type KeySource } from "./provider-keys.ts";
import { TokenFault } from "./token-fault.ts";
import { decodeToken } from "./token-kind.ts";
import { verifyIdToken } from "./verify-token.ts";

/** What the console makes of the ID token beside an access token. */
interface IdTokenExplanation {
  /** Its claims, if it counts. */
  readonly claims: Payload | null;
  readonly text: string;
}

/** Explains the ID token that came with an access token at `now`, in milliseconds. */
export async function explainIdToken(
  idToken: unknown,
  accessToken: string,
  keys: KeySource,
  settings: TokenReading,
  now: number,
): Promise<IdTokenExplanation> {
  if (typeof idToken !== "string") return ignored("it is no text");
  try {
    const read = await verifyIdToken(idToken, keys, settings, now);
    if (read instanceof TokenFault) return ignored(read.toString());
    return { claims: read, text: `valid${subjectText(read, accessToken)}` };
  } catch (error) {
    if (!(error instanceof ProviderUnavailable)) throw error;
    return { claims: null, text: `not checked, and left out: ${error.message}` };
  }
}

function ignored(why: string): IdTokenExplanation {
  return { claims: null, text: `left out, and no sign-in would be complete with it: ${why}` };
}

/** Some providers name one person differently in the two tokens. */
function subjectText(claims: Payload, accessToken: string): string {
  const decoded = decodeToken(accessToken);
  if (decoded instanceof TokenFault || decoded.payload["sub"] === claims["sub"]) return "";
  return `, of another sub (${JSON.stringify(claims["sub"])}): it counts only where one answer brought both`;
}
