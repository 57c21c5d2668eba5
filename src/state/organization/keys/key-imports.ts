import type { FieldProblem } from "../../../core/http/field-problems.ts";
import { keyStatus } from "../../../core/key/key-record.ts";
import { idOfHash, readHash } from "../../../core/key/key-secret.ts";
import { importRefused, type ImportResult, type KeyImport } from "../../../core/organization/key-import.ts";
import { developerVaults } from "../../../core/organization/organization.ts";
import type { ManagedKey } from "../../../core/organization/managed-key.ts";
import type { AuditEntry, AuditLog, Author } from "../audit/audit-log.ts";
import type { GuardTable } from "../guard-table.ts";
import type { KeyTable } from "./key-table.ts";
import { vaultProblems } from "./key-rules.ts";
import type { Keys } from "./keys.ts";
import type { Directory } from "../people/directory.ts";
import type { Propagation, Pushed } from "../propagation.ts";
import type { Settings } from "../settings.ts";

const NOT_SET_UP = "orgId: The organisation has not been set up";
const REVOKED = "The key is revoked, and a revoked key is never brought back";
const CHANGED =
  "hash: The key has been imported with other values; it is changed by an edit, not by an import";
const TAKEN = "hash: Another key has the id that follows from this hash";
const FOREIGN = "hash: The key is another organisation's, or was of one that has been erased";
const UNCONFIRMED = "The key's guard has not confirmed it yet; import the line again";

interface Parts {
  readonly sql: SqlStorage;
  readonly table: KeyTable;
  readonly guards: GuardTable;
  readonly keys: Keys;
  readonly directory: Directory;
  readonly settings: Settings;
  readonly audit: AuditLog;
  readonly propagation: Propagation;
}

/** A line on its way: what became of it, or the key that its guard is still to confirm. */
type Step = ImportResult | { readonly pushes: string; readonly done: "imported" | "unchanged" };

/**
 * Takes in keys that were made elsewhere, by their hashes. Each gets an id that follows from its hash, and a guard of its
 * own. A line that comes again changes nothing.
 */
export class KeyImports {
  readonly #storage: DurableObjectStorage;
  readonly #parts: Parts;

  constructor(storage: DurableObjectStorage, parts: Parts) {
    this.#storage = storage;
    this.#parts = parts;
  }

  /** Imports keys; tells in the same order what became of each. Those that are imported are in force. */
  async run(author: Author, imports: readonly KeyImport[]): Promise<ImportResult[]> {
    const now = Date.now();
    if (this.#parts.settings.bootstrappedAt() === null) return imports.map(() => importRefused(NOT_SET_UP));
    const steps = this.#storage.transactionSync(() => {
      const added = new Set<string>();
      return imports.map((each) => this.#takeIn(author, each, added, now));
    });
    const pushes = new Set(steps.flatMap((step) => ("pushes" in step ? [step.pushes] : [])));
    const pushed = await this.#parts.propagation.pushEach([...pushes]);
    const outcomes = new Map([...pushes].map((id) => [id, this.#conclude(author, id, pushed.get(id))]));
    return steps.map((step): ImportResult => {
      if (!("pushes" in step)) return step;
      const error = outcomes.get(step.pushes) ?? null;
      if (error !== null) return importRefused(error, step.pushes);
      return { status: step.done, keyId: step.pushes, error: null };
    });
  }

  /** Commits a line that is new. */
  #takeIn(author: Author, each: KeyImport, added: Set<string>, now: number): Step {
    const { table } = this.#parts;
    const keyId = idOfHash(readHash(each.hash));
    const known = table.find(keyId);
    if (known !== null) return this.#again(known, each, added);
    const problem = this.#problem(each, now);
    if (problem !== null) return importRefused(problem);
    this.#insert(author, keyId, each, now);
    added.add(keyId);
    return { pushes: keyId, done: "imported" };
  }

  /** A line of a key that is on record. */
  #again(key: ManagedKey, { hash, line }: KeyImport, added: ReadonlySet<string>): Step {
    if (key.hash !== hash) return importRefused(TAKEN);
    if (key.revokedAt !== null) return importRefused(REVOKED, key.id);
    if (this.#lineOf(key.id) !== line) return importRefused(CHANGED, key.id);
    const isPending = this.#parts.table.pendingAmong([key.id]).length > 0;
    if (!isPending) return { status: "unchanged", keyId: key.id, error: null };
    return { pushes: key.id, done: added.has(key.id) ? "unchanged" : "imported" };
  }

  /** Why a key may not be made for its owner, as at creation. */
  #problem({ draft }: KeyImport, now: number): string | null {
    const owner = this.#parts.directory.find(draft.ownerId);
    if (owner === null) {
      return "ownerId: There is no such owner here: a person is known once they have signed in, a service user once it was made";
    }
    if (!owner.active) return "ownerId: The owner is deactivated";
    const owned = developerVaults(owner.vaultRoles);
    if (owned.length === 0) return "ownerId: The owner holds the Developer role on no vault";
    const problems = vaultProblems(draft.vaults, owned);
    if (problems.length > 0) return problems.map(textOf).join("; ");
    const isPast = keyStatus({ ...draft, revokedAt: null, retiresAt: null }, now) === "expired";
    return isPast ? "expiresAt: Must be in the future" : null;
  }

  #insert(author: Author, keyId: string, { hash, keyPrefix, draft, line }: KeyImport, now: number): void {
    const { sql, table, guards, keys } = this.#parts;
    const material = { id: keyId, keyPrefix, hash };
    table.insert({ material, draft, createdBy: author.id, hasOwnGuard: true }, now);
    sql.exec(`INSERT INTO imported_keys (key_id, line) VALUES (?, ?)`, keyId, line);
    guards.addOwn(keyId);
    keys.noteChange(author, { action: "api_key.imported", keyId, before: null }, now);
  }

  #lineOf(keyId: string): string | null {
    const rows = this.#parts.sql.exec<{ line: string }>(
      `SELECT line FROM imported_keys WHERE key_id = ?`,
      keyId,
    );
    return [...rows][0]?.line ?? null;
  }

  /** Why a key is not in force, or `null`. What its guard will never take is taken back. */
  #conclude(author: Author, keyId: string, pushed: Pushed | undefined): string | null {
    if (pushed === "foreign") {
      this.#takeBack(author, keyId);
      return FOREIGN;
    }
    if (pushed !== "in force") return UNCONFIRMED;
    return this.#parts.table.find(keyId)?.revokedAt == null ? null : REVOKED;
  }

  #takeBack(author: Author, keyId: string): void {
    const { sql, table, guards, audit } = this.#parts;
    this.#storage.transactionSync(() => {
      table.remove(keyId);
      sql.exec(`DELETE FROM imported_keys WHERE key_id = ?`, keyId);
      guards.forget(keyId);
      const entry: AuditEntry = { action: "api_key.import_undone", target: keyId, before: null, after: null };
      audit.add(author, entry, Date.now());
    });
  }
}

function textOf({ field, problem }: FieldProblem): string {
  return `${field}: ${problem}`;
}
