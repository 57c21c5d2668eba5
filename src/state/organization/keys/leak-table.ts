import { MAX_TOKEN_LIFE_S } from "../../../core/token/access-token.ts";
import type { DeniableToken } from "../../../core/token/token-denials.ts";
import type { Leak } from "../../../core/organization/leak.ts";
import type { TokenCut } from "../../../core/organization/revocation.ts";
import { deleteInSteps, type Perishable } from "../../retention.ts";

/** A secret that is copied all over is not worth a notice for every copy. */
const MAX_PLACES = 20;

/**
 * Where keys and tokens have been found, so that each place makes one event, however often it is reported. Those of keys
 * are kept as long as the keys.
 */
export class LeakTable implements Perishable {
  /** An expired token needs no notice; a day more covers late reports. */
  readonly keptMs = MAX_TOKEN_LIFE_S * 1000 + 86_400_000;
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Notes where a key was found; whether that is worth telling. To be called in the transaction that tells of it. */
  add(keyId: string, leak: Leak): boolean {
    if (!this.#hasRoom("leaks", "key_id", keyId)) return false;
    const added = this.#sql.exec(
      `INSERT OR IGNORE INTO leaks (key_id, source, url) VALUES (?, ?, ?) RETURNING key_id`,
      keyId,
      leak.source,
      leak.url ?? "",
    );
    return added.toArray().length > 0;
  }

  /** The same for a token that was revoked, found somewhere or not. */
  addToken({ tokenId, keyId, issuedAt, expiresAt, leak }: TokenCut, now: number): boolean {
    if (!this.#hasRoom("token_cuts", "token_id", tokenId)) return false;
    const added = this.#sql.exec(
      `INSERT OR IGNORE INTO token_cuts (token_id, source, url, at, key_id, issued_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING token_id`,
      tokenId,
      leak?.source ?? "",
      leak?.url ?? "",
      now,
      keyId,
      issuedAt ?? null,
      expiresAt ?? null,
    );
    return added.toArray().length > 0;
  }

  /** Tokens of these keys that were revoked and would live at `now`, by key. */
  revokedTokens(keyIds: readonly string[], now: number): Map<string, DeniableToken[]> {
    const rows = this.#sql.exec<{ key_id: string; token_id: string; issued_at: number; expires_at: number }>(
      `SELECT DISTINCT key_id, token_id, issued_at, expires_at FROM token_cuts
       WHERE key_id IN (SELECT value FROM json_each(?)) AND expires_at > ?`,
      JSON.stringify(keyIds),
      now,
    );
    const byKey = Map.groupBy(rows, ({ key_id }) => key_id);
    return new Map(
      [...byKey].map(([keyId, tokens]) => [
        keyId,
        tokens.map(({ token_id: id, issued_at: issuedAt, expires_at: expiresAt }) => ({
          id,
          issuedAt,
          expiresAt,
        })),
      ]),
    );
  }

  oldest(): number | null {
    return this.#sql.exec<{ at: number | null }>(`SELECT min(at) AS at FROM token_cuts`).one().at;
  }

  /** Those of which the time is not known are kept from now on. */
  async forget(before: number): Promise<void> {
    this.#sql.exec(`UPDATE token_cuts SET at = ? WHERE at = 0`, before + this.keptMs);
    await deleteInSteps(
      this.#sql,
      `DELETE FROM token_cuts WHERE at < ?1 AND (token_id, source, url) IN
         (SELECT token_id, source, url FROM token_cuts WHERE at < ?1 ORDER BY at LIMIT ?2)`,
      before,
    );
  }

  #hasRoom(table: "leaks" | "token_cuts", column: "key_id" | "token_id", id: string): boolean {
    const { places } = this.#sql
      .exec<{ places: number }>(`SELECT count(*) AS places FROM ${table} WHERE ${column} = ?`, id)
      .one();
    return places < MAX_PLACES;
  }
}
