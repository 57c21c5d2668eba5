/** A signing key of the organisation: ES256 (RFC 7518 section 3.4). The private half never leaves the object. */
export interface SigningKey {
  readonly kid: string;
  readonly privateJwk: JsonWebKey;
  readonly publicJwk: JsonWebKey;
}

/** What is kept once for a whole organisation. */
export class Settings {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The organisation's id, as every record of its keys carries it. */
  orgId(): string {
    return this.#get<string>("orgId") ?? "";
  }

  setOrgId(orgId: string): void {
    if (this.orgId() !== orgId) this.#set("orgId", orgId);
  }

  /** Milliseconds since the epoch; `null` before bootstrap. */
  bootstrappedAt(): number | null {
    return this.#get<number>("bootstrappedAt");
  }

  bootstrap(signingKey: SigningKey, now: number): void {
    this.#set("signingKeys", [signingKey]);
    this.#set("bootstrappedAt", now);
  }

  /** SHA-256 of the SCIM client's bearer token, lower-case hex; `null` while there is none. */
  scimTokenHash(): string | null {
    return this.#get<string>("scimTokenHash");
  }

  /** Sets the one token that counts; the one before ends. */
  setScimTokenHash(hash: string): void {
    this.#set("scimTokenHash", hash);
  }

  async generateSigningKey(): Promise<SigningKey> {
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const pair = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
    return {
      kid: `${this.orgId()}.${crypto.randomUUID()}`,
      privateJwk: (await crypto.subtle.exportKey("jwk", pair.privateKey)) as JsonWebKey,
      publicJwk: (await crypto.subtle.exportKey("jwk", pair.publicKey)) as JsonWebKey,
    };
  }

  #get<T>(name: string): T | null {
    const [row] = this.#sql.exec<{ value: string }>(`SELECT value FROM settings WHERE name = ?`, name);
    return row === undefined ? null : (JSON.parse(row.value) as T);
  }

  #set(name: string, value: unknown): void {
    this.#sql.exec(
      `INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2`,
      name,
      JSON.stringify(value),
    );
  }
}
