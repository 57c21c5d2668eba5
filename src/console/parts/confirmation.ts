import { foldName } from "../../core/organization/folded-name.ts";

/** What is typed to confirm: the name, unless there is nothing in it that could be typed. */
export function confirmationOf(name: string): string {
  return foldName(name) === "" ? "revoke" : name;
}

/** Whether that was typed, as people read it. */
export function confirms(typed: unknown, name: string): boolean {
  return typeof typed === "string" && foldName(typed) === foldName(confirmationOf(name));
}
