/** What may be allowed, as a model that knows the contract alone. It holds for each key what its settings may be now. */

/** Bits of the two vaults that exist. */
export const VAULTS = ["vault_1", "vault_2"] as const;
export const EVERY_VAULT = 3;

export function vaultsOf(mask: number): string[] {
  return VAULTS.filter((_, i) => (mask & (1 << i)) !== 0);
}

/** A setting: every value that it may have between what was acknowledged last and now. */
export class Setting<T> {
  readonly values: Set<T>;
  /** Values of changes that were not acknowledged, and may still come into force. */
  readonly #floating = new Set<T>();

  constructor(value: T) {
    this.values = new Set([value]);
  }

  begin(value: T): void {
    this.values.add(value);
  }

  acknowledge(value: T): void {
    this.values.clear();
    for (const each of [value, ...this.#floating]) this.values.add(each);
  }

  /** Nobody knows whether the change was made, or will be. */
  leaveOpen(value: T): void {
    this.#floating.add(value);
  }

  /** Whatever was under way has ended. */
  settle(): void {
    this.#floating.clear();
  }

  get isSure(): boolean {
    return this.values.size === 1;
  }
}

export interface Owner {
  readonly orgId: string;
  readonly id: string;
  readonly kind: "token" | "scim" | "service";
  /** Vaults on which they are a developer. */
  readonly roles: Setting<number>;
  readonly active: Setting<boolean>;
  /** What their identity token says at the moment. */
  claimed: number;
  /** An older copy of the organisation says what they are and may do, as far as new keys are concerned. */
  isOfCopy: boolean;
  /** A cut of all of their keys is on record, and not all were found: keys that are made meanwhile are cut, too. */
  isBeingCut: boolean;
}

export interface Key {
  readonly id: string;
  readonly secret: string;
  readonly owner: Owner;
  readonly disabled: Setting<boolean>;
  readonly expired: Setting<boolean>;
  readonly vaults: Setting<number>;
  /** Whether it is held to the addresses that begin with {@link NEAR}. */
  readonly fenced: Setting<boolean>;
  /** A revocation was acknowledged. */
  dead: boolean;
  /** When it is dead by itself, by the clock of the test: its rotation's overlap has ended, or a cut is retried. */
  retiresAt: number | null;
  /** It may be dead, or less than the model says: a revocation was not acknowledged, or a copy was put back. */
  doubtful: boolean;
  /** It was made when an older copy said what its owner may do. */
  isOfCopy: boolean;
}

export interface Credential {
  readonly text: string;
  readonly key: Key;
  /** The vaults that a token is narrowed to. */
  readonly vaults: number;
  isToken: boolean;
  /** Its own revocation was acknowledged. */
  dead: boolean;
}

export const NEAR = "198.18.0.0/16";

export interface Attempt {
  readonly credential: Credential;
  readonly vault: number;
  readonly isNear: boolean;
}

/** Whether some state of the key that is possible now admits the attempt. */
function mayPass({ credential, vault, isNear }: Attempt): boolean {
  const { key } = credential;
  const fits = (mask: number) => (mask & vault) !== 0;
  return (
    !credential.dead &&
    !key.dead &&
    key.disabled.values.has(false) &&
    key.expired.values.has(false) &&
    (isNear || key.fenced.values.has(false)) &&
    fits(credential.vaults) &&
    [...key.vaults.values].some(fits) &&
    (key.isOfCopy || [...key.owner.roles.values].some(fits))
  );
}

/** Whether every possible state admits it, so that it has to pass once nothing is at fault. */
export function mustPass(attempt: Attempt): boolean {
  const { key } = attempt.credential;
  const settings = [key.disabled, key.expired, key.fenced, key.vaults, key.owner.roles, key.owner.active];
  return (
    !key.doubtful &&
    key.retiresAt === null &&
    !attempt.credential.isToken &&
    settings.every(({ isSure }) => isSure) &&
    key.owner.active.values.has(true) &&
    mayPass(attempt)
  );
}

/** Everybody, all keys and credentials, and the attempts that are under way. */
export class Truth {
  readonly owners: Owner[] = [];
  readonly keys: Key[] = [];
  readonly credentials: Credential[] = [];
  readonly violations: string[] = [];
  readonly #underWay = new Set<{ readonly attempt: Attempt; passes: boolean }>();

  addKey(id: string, secret: string, owner: Owner, vaults: number): Key {
    const key: Key = {
      id,
      secret,
      owner,
      disabled: new Setting(false),
      expired: new Setting(false),
      vaults: new Setting(vaults),
      fenced: new Setting(false),
      dead: false,
      retiresAt: null,
      doubtful: owner.isOfCopy || owner.isBeingCut,
      isOfCopy: owner.isOfCopy,
    };
    this.keys.push(key);
    this.credentials.push({ text: secret, key, vaults: EVERY_VAULT, isToken: false, dead: false });
    return key;
  }

  addToken(text: string, key: Key, vaults: number): void {
    this.credentials.push({ text, key, vaults, isToken: true, dead: false });
  }

  /** Begins an attempt; the answer tells whether it was possible at any moment since. */
  begin(attempt: Attempt): { readonly wasPossible: () => boolean; readonly end: () => void } {
    const own = { attempt, passes: mayPass(attempt) };
    this.#underWay.add(own);
    return {
      wasPossible: () => own.passes || mayPass(attempt),
      end: () => void this.#underWay.delete(own),
    };
  }

  /** To be called when a setting may have become wider. */
  widened(): void {
    for (const own of this.#underWay) own.passes ||= mayPass(own.attempt);
  }

  /** Keys that a revocation names: dead once it is acknowledged, in doubt when it is not. */
  revoked(keys: readonly Key[], acknowledged: boolean): void {
    for (const key of keys) {
      if (acknowledged) key.dead = true;
      else key.doubtful = true;
    }
  }

  /** An organisation is gone, with its people. Its keys stay in mind: they never come back. */
  erased(orgId: string): void {
    this.revoked(
      this.keys.filter(({ owner }) => owner.orgId === orgId),
      true,
    );
    const others = this.owners.filter((owner) => owner.orgId !== orgId);
    this.owners.splice(0, this.owners.length, ...others);
  }

  /**
   * An older copy was put back: nothing has to be as it was but what was revoked. People may be as they were, and so may
   * keys that are made from now on; those that there are gain nothing.
   */
  restored(): void {
    for (const key of this.keys) Object.assign(key, { doubtful: true, retiresAt: null });
    for (const owner of this.owners) {
      owner.isOfCopy = true;
      for (const value of [true, false]) owner.active.begin(value);
    }
  }

  /** What an owner may do was said anew. */
  placed(owner: Owner): void {
    owner.isOfCopy = false;
    for (const key of this.keysOf(owner)) key.isOfCopy = false;
  }

  settle(): void {
    for (const { disabled, expired, vaults, fenced } of this.keys) {
      for (const setting of [disabled, expired, vaults, fenced]) setting.settle();
    }
    for (const { roles, active } of this.owners) {
      roles.settle();
      active.settle();
    }
  }

  keysOf(owner: Owner): Key[] {
    return this.keys.filter((key) => key.owner === owner);
  }

  violate(what: string): void {
    this.violations.push(what);
  }
}
