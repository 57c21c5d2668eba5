/** Where the document says that the API is: its base path, and operations that are somewhere else. */

import { z } from "zod";
import { isCanonicalPath } from "../core/policy/canonical-path.ts";
import type { Findings } from "./problem.ts";

const Servers = z
  .array(
    z.looseObject({
      url: z.string(),
      variables: z.record(z.string(), z.looseObject({ default: z.unknown().optional() })).optional(),
    }),
  )
  .optional();

/** One entry of `servers`, its variables filled in. */
export interface Server {
  readonly url: string;
  /** Scheme and authority; `null` for that of the document itself. */
  readonly origin: string | null;
  /** Empty, or with a slash before and none behind. */
  readonly basePath: string;
}

const ABSOLUTE = /^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]*/i;

/** Reads `servers`; none when it is absent or empty. */
export function readServers(value: unknown, where: string, findings: Findings): Server[] {
  const servers = Servers.safeParse(value);
  if (!servers.success) {
    findings.mistake(
      where,
      "servers must be a list of objects with a url",
      "servers: [{ url: https://api.example.com/v1 }]",
    );
    return [];
  }
  return (servers.data ?? []).flatMap((server) => {
    const url = server.url.replaceAll(/\{([^{}]*)\}/g, (whole, name: string) => {
      const given = server.variables?.[name]?.default;
      return typeof given === "string" || typeof given === "number" ? String(given) : whole;
    });
    const basePath = basePathOf(url);
    if (basePath === null) {
      findings.mistake(
        where,
        `the path of the server ${url} cannot be part of a request`,
        "servers: [{ url: /v1 }]",
      );
      return [];
    }
    return [{ url: url.replace(/\/$/, ""), origin: originOf(url), basePath }];
  });
}

function originOf(url: string): string | null {
  const origin = ABSOLUTE.exec(url)?.[0];
  if (origin === undefined) return null;
  return URL.canParse(origin) ? new URL(origin).origin : origin.toLowerCase();
}

/** Host and port. The same host by another scheme is the same API: documents write `http:`, `https:` and `//` side by side. */
function hostOf(origin: string | null): string | null {
  return origin === null ? null : origin.slice(origin.indexOf("//") + 2);
}

/** The path of a server's URL in canonical spelling, or `null` if it has none. */
function basePathOf(url: string): string | null {
  const [path = ""] = url.replace(ABSOLUTE, "").split(/[?#]/);
  if (/[{}\\]/.test(path)) return null;
  const parsed = URL.parse(path === "" ? "/" : path.replace(/^\/*/, "/"), "http://host");
  if (parsed === null) return null;
  let base = parsed.pathname;
  while (base.endsWith("/")) base = base.slice(0, -1);
  return isCanonicalPath(base === "" ? "/" : base) ? base : null;
}

/** The server of an operation, and where to look for its origin; `null` for that of the API. */
export interface Place {
  readonly basePath: string;
  readonly origin: readonly string[] | null;
}

/**
 * Where an operation is served, by its own servers and the API's: base path and origin are of one entry. What to look for
 * among `ORIGINS` is the URL as it is written, without a slash behind, and its origin.
 */
export function placeOf(own: readonly Server[], api: readonly Server[], named: string | undefined): Place {
  const apiHost = hostOf(api[0]?.origin ?? null);
  const atApi = own.find(({ origin }) => origin === null || hostOf(origin) === apiHost);
  const atNamed = own.find(({ url, origin }) => url === named || origin === named);
  const [first = api[0]] = own;
  const basePath = ((named === undefined ? atApi : atNamed) ?? first)?.basePath ?? "";
  if (named !== undefined) return { basePath, origin: [named] };
  if (own.length === 0 || atApi !== undefined) return { basePath, origin: null };
  const alike = own.filter((server) => server.basePath === basePath);
  return { basePath, origin: [...new Set(alike.flatMap(({ url, origin }) => [url, origin ?? url]))] };
}
