/** Lists whose items the gateway filters (`x-portcullis-list`). */

import { isRefusal, problemOf } from "../core/refusal.ts";
import { ITEM_ID, type Pointer } from "../core/policy/operation.ts";
import { parametersOf, type ResourceTemplate } from "../core/policy/resource-types.ts";
import type { OperationExtensions } from "./extensions.ts";
import type { Findings } from "./problem.ts";
import { readResource } from "./resources.ts";

export interface List {
  readonly items: Pointer;
  readonly id: Pointer;
  readonly total: Pointer | null;
  readonly resource: ResourceTemplate;
}

/**
 * Reads where a list is in the answer and what its items are. `null` when it is none, and after telling what is wrong.
 */
export function readList(
  declared: OperationExtensions["x-portcullis-list"],
  parameters: readonly string[],
  where: string,
  findings: Findings,
): List | null {
  if (declared === undefined) return null;
  const place = `${where}: x-portcullis-list`;
  const told = findings.mistakes.length;
  const items = readPointer(declared.items, `${place}: items`, findings);
  const id = readPointer(declared.id, `${place}: id`, findings);
  const total =
    declared.total === undefined ? null : readPointer(declared.total, `${place}: total`, findings);
  if (items !== null && total !== null && isWithin(items, total)) {
    findings.mistake(
      place,
      `total: ${declared.total} cannot be, because the items are at ${declared.items || "the body itself"}`,
    );
  }
  if (parameters.includes(ITEM_ID)) {
    findings.mistake(
      place,
      `{${ITEM_ID}} is the id of an item, so the path cannot have a parameter of that name`,
    );
  }
  const resource = readResource(declared.resource, [...parameters, ITEM_ID], new Set());
  if (isRefusal(resource)) findings.mistake(place, `resource: ${problemOf(resource)}`);
  else if (!parametersOf(resource).includes(ITEM_ID)) {
    findings.mistake(
      place,
      `resource: ${declared.resource} must have the parameter {${ITEM_ID}}`,
      `resource: ${declared.resource}/{${ITEM_ID}}`,
    );
  }
  if (findings.mistakes.length > told || items === null || id === null || isRefusal(resource)) return null;
  return { items, id, total, resource };
}

/** A total cannot be a part of the items, nor the other way round. */
function isWithin(items: Pointer, total: Pointer): boolean {
  const length = Math.min(items.length, total.length);
  return items.slice(0, length).join("\n") === total.slice(0, length).join("\n");
}

/** Reads a JSON pointer (RFC 6901) or member names joined by dots; the empty text is the value itself. */
function readPointer(text: string, where: string, findings: Findings): Pointer | null {
  if (text === "") return [];
  const tokens = text.startsWith("/") ? text.slice(1).split("/") : text.split(".");
  const broken = text.startsWith("/")
    ? tokens.some((token) => /~(?![01])/.test(token) || token === "-")
    : tokens.includes("");
  if (!broken) return text.startsWith("/") ? tokens.map(unescapeToken) : tokens;
  findings.mistake(
    where,
    `${text} is neither a JSON pointer nor member names joined by dots`,
    "items: /data/items, or data.items",
  );
  return null;
}

function unescapeToken(token: string): string {
  return token.replaceAll("~1", "/").replaceAll("~0", "~");
}
