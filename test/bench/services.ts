import { GATEWAY_MODULE } from "./bundles.ts";
import type { Service } from "./workerd-config.ts";

/** The workers that are measured, and those that have their guards. */
export function benchServices(originUrl: string, issuerUrl: string) {
  const vars = { ORIGIN_URL: originUrl, OIDC_ISSUER: issuerUrl, MAX_KEYS_PER_OWNER: "100000" };

  /** A gateway, and its guards in memory. */
  function withLeases(name: string, keep: boolean, changes: Readonly<Record<string, string>> = {}) {
    const own = { ...vars, ...changes };
    const guards = `${name}-guards`;
    const homeOf = (className: string) => (className === "KeyGuard" ? guards : name);
    return {
      gateway: { name, module: GATEWAY_MODULE, vars: own, objects: { homeOf, storage: "disk", keep } },
      guards: {
        name: guards,
        module: "memory-guards.js",
        vars: own,
        objects: { homeOf, storage: "memory", keep },
      },
    } satisfies Record<string, Service>;
  }

  return {
    /** Keeps its guards, as guards in use are kept: those of ten thousand keys would be idle between the rounds. */
    leased: withLeases("gateway", true),
    /** For keys that nobody has: each has a guard for a moment. */
    strangers: withLeases("strangers", false),
    /** Tells the origin who calls by headers alone. */
    unsigned: withLeases("unsigned", true, { ORIGIN_ASSERTION: "off" }),
    perRequest: {
      name: "per-request",
      module: GATEWAY_MODULE,
      vars: { ...vars, ADMISSION_LEASE_MS: "0" },
      objects: { homeOf: () => "per-request", storage: "disk", keep: true },
    },
    bare: { name: "bare", module: "pass-through.js", vars: { ORIGIN_URL: originUrl } },
    floor: { name: "floor", module: "floor.js", vars: { ORIGIN_URL: originUrl } },
    bareRefusal: { name: "bare-refusal", module: "refuse.js", vars: {} },
  } as const;
}
