import {
  activeKey,
  generateSigningKey,
  publicJwk,
  publishedKeys,
  successorDue,
  withSuccessor,
  type PublicJwk,
  type RingPolicy,
  type SigningKey,
} from "../core/token/signing-key.ts";
import { required } from "../core/required.ts";

/** Where a ring of signing keys is kept. */
interface RingStore {
  read(): readonly SigningKey[];
  write(ring: readonly SigningKey[]): void;
}

/** A ring of signing keys that renews itself. Nothing of it is made before it is first used. */
export class SigningKeys {
  readonly #store: RingStore;
  readonly #policy: RingPolicy;
  readonly #newKid: () => string;

  constructor(store: RingStore, policy: RingPolicy, newKid: () => string) {
    this.#store = store;
    this.#policy = policy;
    this.#newKid = newKid;
  }

  /** The key to sign with now; publishes its successor when it is time. */
  async current(): Promise<SigningKey> {
    if (successorDue(this.#store.read(), Date.now(), this.#policy)) {
      await this.#add((now) => successorDue(this.#store.read(), now, this.#policy));
    }
    return required(activeKey(this.#store.read(), Date.now()), "signing key");
  }

  /** Publishes a successor before its time, if none is waiting; it takes over once everybody can know it. */
  async rotate(): Promise<SigningKey> {
    const waiting = this.#store.read().at(-1);
    if (waiting !== undefined && waiting.activeFrom > Date.now()) return waiting;
    await this.#add((now) => (this.#store.read().at(-1)?.activeFrom ?? 0) <= now);
    return required(this.#store.read().at(-1), "signing key");
  }

  /** The public keys, the next one included (RFC 7517 section 5). */
  published(): PublicJwk[] {
    return publishedKeys(this.#store.read(), Date.now(), this.#policy).map(publicJwk);
  }

  /** Adds a key if it is still wanted once it has been made: another call may have added one meanwhile. */
  async #add(wanted: (now: number) => boolean): Promise<void> {
    const key = await generateSigningKey(this.#newKid());
    const now = Date.now();
    if (wanted(now)) this.#store.write(withSuccessor(this.#store.read(), key, now, this.#policy));
  }
}
