/** How long the parts of a request took, in milliseconds; `null` for a part that there was not. */
interface Timings {
  /** How the request was admitted or refused: by a lease, by asking the guard, by a fact. */
  readonly admission: string | null;
  readonly guardMs: number | null;
  readonly originMs: number | null;
  readonly totalMs: number;
}

/** The value of a `Server-Timing` header (https://www.w3.org/TR/server-timing/). */
export function serverTiming({ admission, guardMs, originMs, totalMs }: Timings): string {
  return [
    ...(admission === null ? [] : [`admission;desc="${admission}"`]),
    ...(guardMs === null ? [] : [`guard;dur=${guardMs}`]),
    ...(originMs === null ? [] : [`origin;dur=${originMs}`]),
    `total;dur=${totalMs}`,
  ].join(", ");
}
