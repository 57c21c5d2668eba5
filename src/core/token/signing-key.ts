/**
 * Rings of signing keys: one signs, its successor is published before it takes over, and its predecessors stay published
 * until the last token that they signed has expired. Times are milliseconds since the epoch, passed in.
 */

/** A key pair for ES256 (RFC 7518 section 3.4). The private half stays with the signer. */
export interface SigningKey {
  readonly kid: string;
  readonly privateJwk: JsonWebKey;
  readonly publicJwk: JsonWebKey;
  /** When it begins to sign. */
  readonly activeFrom: number;
}

/** The timing of a ring, in milliseconds. */
export interface RingPolicy {
  /** How long a key signs before a successor takes over. */
  readonly lifetimeMs: number;
  /** How long a successor is published before it signs: longer than anybody remembers a published set. */
  readonly publishAheadMs: number;
  /** How long a key stays published once its successor signs: longer than any token lives. */
  readonly keptMs: number;
}

/** A public key as a set of them lists it (RFC 7517 section 4). */
export interface PublicJwk {
  readonly kty: "EC";
  readonly crv: "P-256";
  readonly x: string;
  readonly y: string;
  readonly kid: string;
  readonly alg: "ES256";
  readonly use: "sig";
}

/** Makes a key pair. */
export async function generateSigningKey(kid: string): Promise<Omit<SigningKey, "activeFrom">> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const pair = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  return {
    kid,
    privateJwk: (await crypto.subtle.exportKey("jwk", pair.privateKey)) as JsonWebKey,
    publicJwk: (await crypto.subtle.exportKey("jwk", pair.publicKey)) as JsonWebKey,
  };
}

/** The key that signs now; a ring is in the order in which its keys take over. */
export function activeKey(ring: readonly SigningKey[], now: number): SigningKey | undefined {
  return ring.findLast(({ activeFrom }) => activeFrom <= now) ?? ring[0];
}

/** Whether it is time to publish the next key. */
export function successorDue(ring: readonly SigningKey[], now: number, policy: RingPolicy): boolean {
  const newest = ring.at(-1);
  return newest === undefined || now >= newest.activeFrom + policy.lifetimeMs - policy.publishAheadMs;
}

/** The ring with one key more, which takes over once everybody can know it; the first one does at once. */
export function withSuccessor(
  ring: readonly SigningKey[],
  key: Omit<SigningKey, "activeFrom">,
  now: number,
  policy: RingPolicy,
): SigningKey[] {
  const activeFrom = ring.length === 0 ? now : now + policy.publishAheadMs;
  return [...publishedKeys(ring, now, policy), { ...key, activeFrom }];
}

/** The keys by which a token that has not expired may be signed, now or soon. */
export function publishedKeys(ring: readonly SigningKey[], now: number, policy: RingPolicy): SigningKey[] {
  return ring.filter((_, i) => {
    const successor = ring[i + 1];
    return successor === undefined || now < successor.activeFrom + policy.keptMs;
  });
}

/** The public half of a key, as it is published. */
export function publicJwk({ kid, publicJwk: { x = "", y = "" } }: SigningKey): PublicJwk {
  return { kty: "EC", crv: "P-256", x, y, kid, alg: "ES256", use: "sig" };
}
