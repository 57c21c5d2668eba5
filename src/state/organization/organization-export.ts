import { flag, json, number, text, textOrNull, type SqlRow } from "../sql-row.ts";
import { auditEventJson } from "../../api-types/audit-json.ts";
import { exactly } from "../../api-types/exact.ts";
import { ExportLineSchema, type ExportLine } from "../../api-types/export.ts";
import { keyJson } from "../../api-types/key-json.ts";
import { isoTime } from "../../core/iso-time.ts";
import { USAGE_STEPS, type OutcomeCounts } from "../../core/usage/usage.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import type { KeyTable } from "./keys/key-table.ts";
import type { ScimGroups } from "./people/scim-groups.ts";
import type { Settings } from "./settings.ts";
import type { WebhookTable } from "./webhook/webhook-table.ts";
import { pageOf } from "../page.ts";

const [, HOURS, DAYS] = USAGE_STEPS;
/** Rows of one answer at most, fewer of long ones: the whole is never in memory. */
const PAGE = 1000;

/** Where a page ends: in which section, and after which of its rows. */
export interface ExportPosition {
  readonly section: number;
  readonly after: string | number | null;
}

export interface ExportPage {
  /** Lines of NDJSON. */
  readonly text: string;
  readonly lines: number;
  /** `null` after the last page. */
  readonly next: ExportPosition | null;
}

/** A row, and how a position names it. */
type Row = { readonly line: ExportLine; readonly at: string | number };
/** The rows of one kind after a position, more than a page of them where there are as many. */
type Section = (after: string | number | null, hashes: boolean, now: number) => Iterable<Row>;

interface Parts {
  readonly sql: SqlStorage;
  readonly table: KeyTable;
  readonly settings: Settings;
  readonly audit: AuditLog;
  readonly groups: ScimGroups;
  readonly webhook: WebhookTable;
}

/**
 * Everything on record of an organisation but its secrets, in pages. The order is that of ids, which do not change while
 * the pages are read. A hash is given on request, and only of keys that were made here, as their 190 random bits cannot be
 * found from it. Imported keys may be weaker, and who imported them has their hashes.
 */
export class OrganizationExport {
  readonly #parts: Parts;
  readonly #sections: readonly Section[];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#sections = [
      (_, __, now) => this.#organization(now),
      this.#rows(`SELECT * FROM users WHERE kind = 'user' AND id > ?1`, personLine),
      this.#rows(
        `SELECT * FROM users WHERE kind = 'service' AND deleted_at IS NULL AND id > ?1`,
        serviceLine,
      ),
      this.#rows(`SELECT * FROM scim_users WHERE deleted_at IS NULL AND id > ?1`, scimUserLine),
      this.#rows(`SELECT id, display_name FROM scim_groups WHERE id > ?1`, (row) =>
        scimGroupLine(row, this.#parts.groups.memberIds(text(row, "id"))),
      ),
      (after, hashes, now) => this.#keys(String(after ?? ""), hashes, now),
      (after) => this.#usage(after),
      (after, _, now) => this.#audit(after === null ? null : Number(after), now),
      () => this.#webhook(),
    ];
  }

  /** The page that begins at a position. */
  page({ section, after }: ExportPosition, hashes: boolean, now: number): ExportPage {
    const read = this.#sections[section];
    if (read === undefined) return { text: "", lines: 0, next: null };
    const { items, hasMore } = pageOf(written(read(after, hashes, now)), PAGE, (row) => row.ndjson.length);
    const last = hasMore ? (items.at(-1)?.at ?? null) : null;
    const next = last === null ? { section: section + 1, after: null } : { section, after: last };
    return {
      text: items.map(({ ndjson }) => ndjson).join(""),
      lines: items.length,
      next: next.section < this.#sections.length ? next : null,
    };
  }

  /** Rows by their ids. */
  #rows(select: string, read: (row: SqlRow) => ExportLine): Section {
    const { sql } = this.#parts;
    return function* (after) {
      const rows = sql.exec<SqlRow>(`${select} ORDER BY id LIMIT ?2`, String(after ?? ""), PAGE + 1);
      for (const row of rows) yield { line: read(row), at: text(row, "id") };
    };
  }

  #organization(now: number): Row[] {
    const { settings } = this.#parts;
    const bootstrappedAt = isoTime(settings.bootstrappedAt());
    const line = {
      type: "organization",
      id: settings.orgId(),
      bootstrappedAt,
      exportedAt: isoTime(now),
    } as const;
    return [{ line, at: "" }];
  }

  *#keys(after: string, hashes: boolean, now: number): Iterable<Row> {
    const { sql, table } = this.#parts;
    const ids = table.idsAfter(null, after, PAGE + 1);
    const imported = sql.exec<{ id: string }>(
      `SELECT key_id AS id FROM imported_keys WHERE key_id IN (SELECT value FROM json_each(?))`,
      JSON.stringify(ids),
    );
    const isImported = new Set([...imported].map(({ id }) => id));
    for (const id of ids) {
      const key = table.get(id);
      const hash = hashes && !isImported.has(id) ? { hash: key.hash } : {};
      yield { line: exactly(ExportLineSchema, { type: "api_key", ...keyJson(key, now), ...hash }), at: id };
    }
  }

  /** Counts of each key, by the day and by the hour. A position is `<step> <start> <key id>`. */
  #usage(after: string | number | null): Row[] {
    const [step = "0", start = "0", keyId = ""] = String(after ?? "").split(" ");
    const rows = this.#parts.sql
      .exec<SqlRow>(
        `SELECT * FROM usage_counts WHERE (step, start, key_id) > (?, ?, ?) AND step IN (?, ?) AND key_id <> ''
         ORDER BY step, start, key_id LIMIT ?`,
        Number(step),
        Number(start),
        keyId,
        HOURS,
        DAYS,
        PAGE + 1,
      )
      .toArray();
    return rows.map((row) => ({
      line: usageLine(row),
      at: `${number(row, "step")} ${number(row, "start")} ${text(row, "key_id")}`,
    }));
  }

  /** The newest first: rows added meanwhile are on no page. */
  *#audit(before: number | null, now: number): Iterable<Row> {
    const query = { actor: null, action: null, target: null, from: null, to: null, before, limit: PAGE };
    for (const event of this.#parts.audit.read(query, now)) {
      const line = exactly(ExportLineSchema, { type: "audit_event", ...auditEventJson(event) });
      yield { line, at: event.id };
    }
  }

  #webhook(): Row[] {
    const webhook = this.#parts.webhook.find();
    if (webhook === null) return [];
    const { url, description, disabled, disabledReason } = webhook;
    const line: ExportLine = {
      type: "webhook",
      url,
      description,
      disabled,
      disabledReason,
      previousSecretUntil: isoTime(webhook.previousSecretUntil),
      createdAt: isoTime(webhook.createdAt),
      updatedAt: isoTime(webhook.updatedAt),
    };
    return [{ line, at: "" }];
  }
}

/** Rows as lines of NDJSON. */
function* written(rows: Iterable<Row>): Iterable<{ readonly ndjson: string; readonly at: string | number }> {
  for (const { line, at } of rows) yield { ndjson: `${JSON.stringify(line)}\n`, at };
}

function personLine(row: SqlRow): ExportLine {
  return {
    type: "person",
    id: text(row, "id"),
    name: text(row, "name"),
    email: textOrNull(row, "email"),
    active: flag(row, "active"),
    roles: json<string[]>(row, "roles"),
    vaultRoles: json<Record<string, string[]>>(row, "vault_roles"),
    createdAt: isoTime(number(row, "created_at")),
  };
}

function serviceLine(row: SqlRow): ExportLine {
  return {
    type: "service_user",
    id: text(row, "id"),
    name: text(row, "name"),
    description: textOrNull(row, "description"),
    vaultRoles: json<Record<string, string[]>>(row, "vault_roles"),
    active: flag(row, "active"),
    createdAt: isoTime(number(row, "created_at")),
  };
}

function scimUserLine(row: SqlRow): ExportLine {
  return {
    type: "scim_user",
    id: text(row, "id"),
    active: flag(row, "active"),
    resource: json<Record<string, unknown>>(row, "resource"),
  };
}

function scimGroupLine(row: SqlRow, members: string[]): ExportLine {
  return {
    type: "scim_group",
    id: text(row, "id"),
    displayName: text(row, "display_name"),
    members,
  };
}

function usageLine(row: SqlRow): ExportLine {
  const counts: OutcomeCounts = {
    succeeded: number(row, "succeeded"),
    clientErrors: number(row, "client_errors"),
    originErrors: number(row, "origin_errors"),
    refused: number(row, "refused"),
    limited: number(row, "limited"),
  };
  return exactly(ExportLineSchema, {
    type: "usage",
    keyId: text(row, "key_id"),
    step: number(row, "step") === DAYS ? "day" : "hour",
    start: isoTime(number(row, "start")),
    ...counts,
  });
}
