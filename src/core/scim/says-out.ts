import { isFalse } from "./deactivation.ts";
import { isList, isObject, valueOf } from "./object.ts";

/** Names that are no attributes, by which directories tell whether somebody may come in. */
const ENABLED = /^(?:is|user|account)*(?:active|enabled)$/;
const OUT =
  "inactive|disabled|suspended|deactivated|deprovisioned|terminated|(?:soft)?deleted|archived|blocked";
const DISABLED = new RegExp(`^(?:is|user|account)*(?:${OUT})$`);
const STATE = /^(?:user|account)?(?:statu|state)$/;
const IS_OUT = new RegExp(`^(?:${OUT})$`);

/** Whether a name and its value say that somebody may not come in. */
export function saysOut(name: string, value: unknown): boolean {
  const plain = plainOf(name);
  if (ENABLED.test(plain)) return isFalse(value);
  if (DISABLED.test(plain)) return isTrue(value);
  return STATE.test(plain) && (isFalse(value) || (typeof value === "string" && IS_OUT.test(plainOf(value))));
}

/** `true` as clients write it. */
function isTrue(value: unknown): boolean {
  if (isList(value)) return value.length > 0 && value.every(isTrue);
  if (isObject(value)) return isTrue(valueOf(value, "value"));
  return value === true || value === 1 || (typeof value === "string" && /^\s*(?:true|1)\s*$/i.test(value));
}

/** A name by its letters and digits alone, without the `s` of a plural. */
export function plainOf(name: string): string {
  return name
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, "")
    .replace(/s$/, "");
}

/** Whether two names differ by one letter, or by two that have changed places; or not at all. */
export function isOneSlipAway(a: string, b: string): boolean {
  const [short, long] = a.length > b.length ? [b, a] : [a, b];
  let i = 0;
  while (i < short.length && short[i] === long[i]) i++;
  if (short.slice(i) === long.slice(i + 1) || short.slice(i + 1) === long.slice(i + 1)) return true;
  return short[i] === long[i + 1] && short[i + 1] === long[i] && short.slice(i + 2) === long.slice(i + 2);
}
