import type { Leak } from "../../../core/leak.ts";

/** A secret that is copied all over is not worth a notice for every copy. */
const MAX_PLACES = 20;

/** Where keys and tokens have been found, so that each place is told of once however often it is reported. */
export class LeakTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Notes where a key was found; whether that is worth telling. To be called in the transaction that tells of it. */
  add(keyId: string, leak: Leak): boolean {
    return this.#add("leaks", "key_id", keyId, leak);
  }

  /** The same of a token that was revoked, be it without having been found. */
  addToken(tokenId: string, leak: Leak | null): boolean {
    return this.#add("token_cuts", "token_id", tokenId, leak ?? { source: "", url: null });
  }

  #add(
    table: "leaks" | "token_cuts",
    column: "key_id" | "token_id",
    id: string,
    { source, url }: Pick<Leak, "source" | "url">,
  ): boolean {
    const { places } = this.#sql
      .exec<{ places: number }>(`SELECT count(*) AS places FROM ${table} WHERE ${column} = ?`, id)
      .one();
    if (places >= MAX_PLACES) return false;
    const added = this.#sql.exec(
      `INSERT OR IGNORE INTO ${table} (${column}, source, url) VALUES (?, ?, ?) RETURNING ${column}`,
      id,
      source,
      url ?? "",
    );
    return added.toArray().length > 0;
  }
}
