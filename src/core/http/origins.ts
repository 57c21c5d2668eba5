import { invalid, type Result } from "../refusal.ts";

/** The APIs behind the gateway, and the credentials that it shows them. */

export interface Origin {
  /** Scheme, authority and, if need be, a base path; without a slash at the end. */
  readonly url: string;
  /** What the gateway shows it as its own `Authorization`; `null` for nothing. */
  readonly authorization: string | null;
}

interface Origins {
  readonly main: Origin;
  /** The origins of operations that have one of their own, by their names or by the servers that they stand for. */
  readonly others: ReadonlyMap<string, Origin>;
}

const AUTHORIZATION = "ORIGIN_AUTHORIZATION";
/** Visible ASCII, and spaces between. */
const HEADER_VALUE = /^[!-~]+(?: [ -~]*[!-~])?$/;

/** The one spelling of an origin's name, which may be the URL of a server in the document: no slash at its end. */
export function originName(name: string): string {
  return name.endsWith("/") ? originName(name.slice(0, -1)) : name;
}

/**
 * Gives each origin its credential out of the variables: `ORIGIN_AUTHORIZATION` to the main one, to another one that of
 * its name. A credential for an origin that is not there is a problem: it would go nowhere. Problems begin with the name
 * of a variable and never hold its value, which is a secret.
 */
export function readOrigins(
  url: string,
  others: Readonly<Record<string, string>>,
  variables: Readonly<Record<string, unknown>>,
): Result<Origins> {
  const variableNames = new Map(Object.keys(others).map((name) => [credentialName(name), name]));
  if (variableNames.size < Object.keys(others).length) {
    return invalid("ORIGINS has two names that would share the variable of their credential");
  }
  for (const [name, value] of Object.entries(variables)) {
    const isOther = name.startsWith(`${AUTHORIZATION}_`);
    if ((name !== AUTHORIZATION && !isOther) || value === "") continue;
    if (isOther && !variableNames.has(name)) {
      return invalid(`${name} is for an origin that ORIGINS does not name`);
    }
    if (typeof value !== "string" || !HEADER_VALUE.test(value)) {
      return invalid(`${name} must be the value of an Authorization header, like Bearer …`);
    }
  }
  const origin = (at: string, variable: string): Origin => ({
    url: at,
    authorization: (variables[variable] as string | undefined) || null,
  });
  return {
    main: origin(url, AUTHORIZATION),
    others: new Map(Object.entries(others).map(([name, at]) => [name, origin(at, credentialName(name))])),
  };
}

/** The name of the variable that holds the credential for an origin. */
function credentialName(origin: string): string {
  return `${AUTHORIZATION}_${origin.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_")}`;
}
