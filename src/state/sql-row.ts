import { storedJson } from "../core/json.ts";

/** A row of SQLite as a query gives it, read column by column. A column of another type is an error that names it. */
export type SqlRow = Readonly<Record<string, SqlStorageValue>>;

/** Text; of a column with a fixed set of values, one of them. */
export function text<T extends string = string>(row: SqlRow, column: string): T {
  const value = row[column];
  if (typeof value !== "string") throw unexpected(column, value);
  return value as T;
}

export function textOrNull<T extends string = string>(row: SqlRow, column: string): T | null {
  return row[column] === null ? null : text<T>(row, column);
}

export function number(row: SqlRow, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw unexpected(column, value);
  return value;
}

export function numberOrNull(row: SqlRow, column: string): number | null {
  return row[column] === null ? null : number(row, column);
}

/** SQLite has no booleans: they are stored as 1 and 0. */
export function flag(row: SqlRow, column: string): boolean {
  return number(row, column) === 1;
}

/** A value that was stored as JSON. */
export function json<T>(row: SqlRow, column: string): T {
  return storedJson(text(row, column));
}

export function jsonOrNull<T>(row: SqlRow, column: string): T | null {
  return row[column] === null ? null : json<T>(row, column);
}

function unexpected(column: string, value: unknown): Error {
  return new Error(`The column ${column} holds ${value === undefined ? "nothing" : typeof value}`);
}
