import { GATEWAY_MODULE } from "./bundles.ts";
import type { Service } from "./workerd-config.ts";

/** The workers that are measured, and the home of the guards with many keys. */
export function benchServices(originUrl: string, issuerUrl: string) {
  const vars = { ORIGIN_URL: originUrl, OIDC_ISSUER: issuerUrl, MAX_KEYS_PER_OWNER: "100000" };
  const homeOf = (className: string) => (className === "KeyGuard" ? "guards" : "gateway");
  return {
    gateway: { name: "gateway", module: GATEWAY_MODULE, vars, objects: { homeOf, storage: "disk" } },
    guards: { name: "guards", module: "memory-guards.js", vars, objects: { homeOf, storage: "memory" } },
    withoutLeases: {
      name: "without-leases",
      module: GATEWAY_MODULE,
      vars: { ...vars, ADMISSION_LEASE_MS: "0" },
      objects: { homeOf: () => "without-leases", storage: "disk" },
    },
    bare: { name: "bare", module: "pass-through.js", vars: { ORIGIN_URL: originUrl } },
    bareRefusal: { name: "bare-refusal", module: "refuse.js", vars: {} },
  } satisfies Record<string, Service>;
}
