import type { Authorship } from "../../core/organization/organization.ts";
import type { SigningKey } from "../../core/token/signing-key.ts";
import { storedJson } from "../../core/json.ts";

/** What somebody makes for the whole organisation. */
type Made = "scimToken" | "webhookSecret" | `signingKey ${string}`;

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

  bootstrap(now: number): void {
    this.#set("bootstrappedAt", now);
  }

  /** The organisation's signing keys, in the order in which they take over. The private halves never leave the object. */
  signingKeys(): readonly SigningKey[] {
    return this.#get<readonly SigningKey[]>("signingKeys") ?? [];
  }

  /** Replaces the ring; who made a key is forgotten with it. */
  setSigningKeys(ring: readonly SigningKey[]): void {
    this.#set("signingKeys", ring);
    this.#sql.exec(
      `DELETE FROM settings WHERE name LIKE 'made signingKey %' AND name NOT IN (SELECT value FROM json_each(?))`,
      JSON.stringify(ring.map(({ kid }) => `made signingKey ${kid}`)),
    );
  }

  /** Whether the organisation is being erased. */
  isClosed(): boolean {
    return this.#get<boolean>("closed") === true;
  }

  close(): void {
    this.#set("closed", true);
  }

  /** SHA-256 of the SCIM client's bearer token, lower-case hex; `null` while there is none. */
  scimTokenHash(): string | null {
    return this.#get<string>("scimTokenHash");
  }

  /** Sets the one token that counts; the one before ends. */
  setScimTokenHash(hash: string): void {
    this.#set("scimTokenHash", hash);
  }

  /** The author of a setting, and the time; `null` where that was not kept. */
  made(what: Made): Authorship | null {
    return this.#get<Authorship>(`made ${what}`);
  }

  setMade(what: Made, authorship: Authorship): void {
    this.#set(`made ${what}`, authorship);
  }

  /** When the SCIM client's token was used last, within a minute; milliseconds since the epoch. */
  scimTokenUsedAt(): number | null {
    return this.#get<number>("scimTokenUsedAt");
  }

  setScimTokenUsedAt(at: number | null): void {
    this.#set("scimTokenUsedAt", at);
  }

  /** The rules by which people were judged last. */
  peopleRules(): string | null {
    return this.#get<string>("peopleRules");
  }

  setPeopleRules(rules: string): void {
    this.#set("peopleRules", rules);
  }

  #get<T>(name: string): T | null {
    const [row] = this.#sql.exec<{ value: string }>(`SELECT value FROM settings WHERE name = ?`, name);
    return row === undefined ? null : storedJson<T>(row.value);
  }

  #set(name: string, value: unknown): void {
    this.#sql.exec(
      `INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2`,
      name,
      JSON.stringify(value),
    );
  }
}
