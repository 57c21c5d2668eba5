import type { KeyRecord } from "../../../src/core/key/key-record.ts";
import type { Answer } from "../../../src/admission/protocol.ts";
import type { GuardedKey } from "../../../src/admission/rules/records.ts";

/** What names the content of a key in a model: who made it, whether it is revoked, and how many of its tokens are. */
export function contentOf({ record, denials }: GuardedKey): string {
  return `${nameOf(record)}/${Object.keys(denials.tokens).length}`;
}

function nameOf({ ownerId, revokedAt }: KeyRecord): string {
  return revokedAt === null ? ownerId : `${ownerId}x`;
}

/** What a request may rely on when it arrives. */
export interface Promised {
  /** The place of the latest acknowledged content in the order. */
  readonly from: number;
  /** The key, or the token that it presents. */
  readonly isRevoked: boolean;
}

/** What is true of keys, seen from outside of guards and isolates, and what was found to break a promise. */
export class Truth {
  readonly violations: string[] = [];
  readonly #countsByTime: boolean;
  readonly #changesLimits: boolean;
  readonly #order = new Map<string, { content: string; name: string; limit: number }[]>();
  readonly #acknowledged = new Map<string, number>();
  readonly #revoked = new Set<string>();
  readonly #used = new Map<string, number>();
  readonly #least = new Map<string, number>();
  readonly #open = new Map<string, number>();

  constructor({ countsByTime, changesLimits }: { countsByTime: boolean; changesLimits: boolean }) {
    this.#countsByTime = countsByTime;
    this.#changesLimits = changesLimits;
  }

  /** Notes what a guard has committed. */
  committed(before: ReadonlyMap<string, GuardedKey>, after: ReadonlyMap<string, GuardedKey>): void {
    for (const [id, key] of after) {
      const old = before.get(id);
      const content = contentOf(key);
      if (old !== undefined && contentOf(old) === content) continue;
      const limit = key.record.rateLimit?.requests ?? 0;
      this.#orderOf(id).push({ content, name: nameOf(key.record), limit });
    }
  }

  /** A put or a cut is acknowledged with what is in force. */
  acknowledge(put: KeyRecord | null, inForce: KeyRecord): void {
    const wantsRevoked = put === null || put.revokedAt !== null;
    if (wantsRevoked) {
      if (inForce.revokedAt === null) this.#violate("a revocation is acknowledged that is not in force");
      this.#revoked.add(inForce.id);
    } else if (nameOf(put) !== nameOf(inForce)) {
      this.#violate("a change is acknowledged that is not in force");
    }
    const name = nameOf(inForce);
    this.#acknowledgeAt(
      inForce.id,
      this.#orderOf(inForce.id).findIndex((one) => one.name === name),
    );
  }

  /** A put is answered, whether it is acknowledged or not. */
  answered(put: KeyRecord, inForce: KeyRecord): void {
    if (put.revokedAt !== null && inForce.revokedAt === null) {
      this.#violate("a revocation that the guard has taken in is not in force");
    }
  }

  /** The revocation of a token is acknowledged; `content` is that of its key right after the commit. */
  acknowledgeDenial(id: string, token: string, content: string): void {
    this.#revoked.add(`${id}/${token}`);
    this.#acknowledgeAt(id, this.#placeOf(id, content));
  }

  /** What a request with a key's token may rely on. */
  promised(id: string, token: string): Promised {
    const isRevoked = this.#revoked.has(id) || this.#revoked.has(`${id}/${token}`);
    return { from: this.#acknowledged.get(id) ?? -1, isRevoked };
  }

  /** Notes the windows that a guard tells. */
  told(answer: Answer<GuardedKey>): void {
    for (const [id, { units, window }] of Object.entries(answer.keys)) {
      if (window === null) continue;
      const name = `${id}:${window.number}`;
      this.#least.set(name, Math.min(this.#least.get(name) ?? Number.POSITIVE_INFINITY, window.remaining));
      if (units > 0 && window.number > (this.#open.get(id) ?? 0)) this.#open.set(id, window.number);
    }
  }

  refused(id: string, held: GuardedKey | null, { from, isRevoked }: Promised): void {
    if (isRevoked || this.#isCurrent(id, held, from)) return;
    this.#violate("a request is refused by a record older than an acknowledged change");
  }

  /** A request is refused for the limit: by a window of `limit` requests, with `units` of it here. */
  limited(
    id: string,
    { number, limit, units, cost }: { number: number; limit: number; units: number; cost: number },
    promised: Promised,
  ): void {
    if (limit < Math.min(...this.#limitsSince(id, promised.from))) {
      this.#violate("a request is refused for a limit older than an acknowledged change");
    }
    const least = this.#least.get(`${id}:${number}`) ?? Number.POSITIVE_INFINITY;
    if (!this.#changesLimits && units + least >= Math.min(cost, limit)) {
      this.#violate("a request is refused for its limit while enough was left");
    }
  }

  admitted(
    held: GuardedKey,
    { cost, window, byGuard }: { cost: number; window: number; byGuard: boolean },
    { from, isRevoked }: Promised,
  ): void {
    const { id } = held.record;
    if (isRevoked) this.#violate("a request is admitted after an acknowledged revocation");
    else if (!this.#isCurrent(id, held, from)) {
      this.#violate("a request is admitted by a record older than an acknowledged change");
    }
    if (cost > 0) this.#spend(held, { cost, window, byGuard }, from);
  }

  #spend(
    held: GuardedKey,
    { cost, window, byGuard }: { cost: number; window: number; byGuard: boolean },
    from: number,
  ): void {
    const { id } = held.record;
    const limit = held.record.rateLimit?.requests ?? 0;
    const units = Math.min(cost, limit);
    const allowed = this.#changesLimits ? Math.max(...this.#limitsSince(id, from)) : limit;
    if (this.#use(`${id}:${window}`, units) > allowed) this.#violate("more than the limit in a window");
    if (!this.#countsByTime) return;
    const here = byGuard ? window : (this.#open.get(id) ?? window);
    if (this.#use(`${id}@${here}`, units) > limit) this.#violate("more than the limit in a window by time");
  }

  #use(name: string, units: number): number {
    const used = (this.#used.get(name) ?? 0) + units;
    this.#used.set(name, used);
    return used;
  }

  #limitsSince(id: string, from: number): number[] {
    return this.#orderOf(id)
      .slice(Math.max(0, from))
      .map(({ limit }) => limit);
  }

  #isCurrent(id: string, held: GuardedKey | null, from: number): boolean {
    return held === null ? from < 0 : this.#placeOf(id, contentOf(held)) >= from;
  }

  #placeOf(id: string, content: string): number {
    return this.#orderOf(id).findLastIndex((one) => one.content === content);
  }

  #acknowledgeAt(id: string, place: number): void {
    this.#acknowledged.set(id, Math.max(this.#acknowledged.get(id) ?? -1, place));
  }

  #orderOf(id: string): { content: string; name: string; limit: number }[] {
    const order = this.#order.get(id) ?? [];
    this.#order.set(id, order);
    return order;
  }

  #violate(what: string): void {
    this.violations.push(what);
  }
}
