import type { IncomingMessage, ServerResponse } from "node:http";
import {
  addresses,
  assets,
  balances,
  findVault,
  networks,
  shown,
  transactions,
  vaults,
} from "./origin-data.ts";

/**
 * The sample API behind the gateway: the operations of `src/api/openapi.yaml` over made-up custody data. It does not
 * ask who calls: that is the gateway's work, and that it was the gateway is up to `assertion.ts`.
 */

interface Answer {
  readonly status: number;
  readonly body: object;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 500;

const VAULT_PATH = /^\/v1\/vaults\/([^/]+)(?:\/(balances|transactions|addresses))?$/;
const VAULT_LISTS = { balances, transactions, addresses };
const LISTS: Readonly<Record<string, () => readonly object[]>> = {
  "/v1/vaults": vaults,
  "/v1/networks": networks,
  "/v1/assets": assets,
};

/** Answers one request of the API; paths are compared as they were sent. */
export function originHandler(request: IncomingMessage, response: ServerResponse): void {
  const [path = "", query] = (request.url ?? "").split("?");
  const { status, body } = answer(request.method, path, new URLSearchParams(query));
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(text);
}

function answer(method: string | undefined, path: string, query: URLSearchParams): Answer {
  const list = LISTS[path];
  if (list) return method === "GET" || method === "HEAD" ? page(list(), path, query) : notAllowed();

  const [, vaultId = "", view] = VAULT_PATH.exec(path) ?? [];
  const vault = findVault(vaultId);
  if (!vault) return failure(404, "not_found", "There is nothing here.");
  if (method !== "GET" && method !== "HEAD") return notAllowed();
  if (view) return page(VAULT_LISTS[view as keyof typeof VAULT_LISTS](vault), path, query);
  return { status: 200, body: shown(vault) };
}

/** One page of a list: `limit` items (1 to 500) after `cursor`, which is good for this list alone. */
function page(items: readonly object[], path: string, query: URLSearchParams): Answer {
  const limit = query.get("limit") === null ? DEFAULT_LIMIT : wholeNumber(query.get("limit"));
  if (limit === null || limit < 1 || limit > MAX_LIMIT) {
    return failure(400, "invalid_request", `limit must be a whole number from 1 to ${MAX_LIMIT}.`);
  }
  const start = query.get("cursor") === null ? 0 : readCursor(query.get("cursor"), path);
  if (start === null) return failure(400, "invalid_request", "cursor is not one that this list gave out.");

  const end = start + limit;
  const nextCursor = end < items.length ? writeCursor(end, path) : null;
  return { status: 200, body: { data: items.slice(start, end), pagination: { limit, nextCursor } } };
}

function writeCursor(start: number, path: string): string {
  return Buffer.from(`${start} ${path}`).toString("base64url");
}

function readCursor(cursor: string | null, path: string): number | null {
  const [start = "", of] = Buffer.from(cursor ?? "", "base64url")
    .toString()
    .split(" ");
  return of === path ? wholeNumber(start) : null;
}

function wholeNumber(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

function notAllowed(): Answer {
  return failure(405, "method_not_allowed", "This API is read-only.");
}

function failure(status: number, code: string, message: string): Answer {
  return { status, body: { error: { code, message } } };
}
