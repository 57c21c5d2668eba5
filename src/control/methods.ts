import type { RouterRoute } from "hono/types";

/** The methods that routes serve at a path, for `Allow` (RFC 9110 section 10.2.1). */
export function allowedMethods(routes: readonly RouterRoute[], path: string): string[] {
  const methods = routes
    .filter((route) => route.method !== "ALL" && matches(route.path, path))
    .flatMap((route) => (route.method === "GET" ? ["GET", "HEAD"] : [route.method]));
  return [...new Set(methods)];
}

function matches(pattern: string, path: string): boolean {
  const expected = pattern.split("/");
  const actual = path.split("/");
  return (
    expected.length === actual.length &&
    expected.every((part, i) => (part.startsWith(":") ? actual[i] !== "" : part === actual[i]))
  );
}
