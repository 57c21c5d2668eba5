import type { Operation } from "../core/policy/operation.ts";
import { originName } from "../core/http/origins.ts";
import type { Config } from "../settings.ts";
import type { OriginConfig } from "./forwarding.ts";

/** The origin of each operation, with the operation's own limits; `null` for one whose servers `ORIGINS` does not name. */
export class Origins {
  readonly #config: Config;
  readonly #known = new WeakMap<Operation, OriginConfig | null>();

  constructor(config: Config) {
    this.#config = config;
  }

  of(operation: Operation): OriginConfig | null {
    const known = this.#known.get(operation);
    if (known !== undefined) return known;
    const found = this.#find(operation);
    this.#known.set(operation, found);
    return found;
  }

  #find({ origin: names, maxBodyBytes, timeoutMs, boundedBySetting }: Operation): OriginConfig | null {
    const { origin: main, originTimeoutMs, origins, ...config } = this.#config;
    const own = names?.map((name) => origins.get(originName(name))).find((origin) => origin !== undefined);
    if (names !== null && own === undefined) return null;
    const { url, authorization } = own ?? main;
    return {
      originUrl: url,
      authorization,
      originTimeoutMs: limit(timeoutMs, originTimeoutMs, boundedBySetting.includes("timeoutMs")),
      maxBodyBytes: limit(maxBodyBytes, config.maxBodyBytes, boundedBySetting.includes("maxBodyBytes")),
    };
  }
}

function limit(own: number | null, setting: number, isBounded: boolean): number {
  if (own === null) return setting;
  return isBounded ? Math.min(own, setting) : own;
}
