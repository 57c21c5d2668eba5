import type { Key } from "../../api-types/keys.ts";
import type { ConsoleContext } from "../context.ts";
import { Message } from "../parts/message.tsx";
import { pageForAll } from "../parts/page.tsx";
import { endOf } from "../parts/key-end.tsx";
import { exact } from "../parts/time.tsx";
import { duplicatePage, HOME, keyPage } from "../paths.ts";

/** Pages in place of a key's form. */

/** For a person who may create keys for nobody. */
export function noDeveloperPage(c: ConsoleContext, isAdmin: boolean): Promise<Response> {
  const title = "No vault to create a key for";
  const text = isAdmin
    ? "You do not have the Developer role on any vault, and there is no active service user. Create a service user first, or get the role at your identity provider."
    : "You do not have the Developer role on any vault, so a key of yours could reach nothing. Ask an admin of your organisation.";
  const onward = { label: "To my keys", href: HOME };
  return pageForAll(c, title, <Message icon="lock" title={title} text={text} onward={onward} />, {
    status: 403,
    keepForms: "again",
  });
}

/** A form that was sent before: by a second press, or by loading the page with the secret anew. */
export function madeAlreadyPage(c: ConsoleContext, keyId: string): Promise<Response> {
  const title = "This key was already created";
  const text =
    "The form was sent before, so no second key was created. A key's secret is in the first answer alone. If that did not reach you, revoke this key and create another.";
  const onward = { label: "Open the key", href: `${HOME}/${encodeURIComponent(keyId)}` };
  return pageForAll(c, title, <Message icon="key" title={title} text={text} onward={onward} />, {
    status: 409,
  });
}

/** A key that is revoked has nothing more to do with it. */
export function revokedPage(c: ConsoleContext, keyId: string): Promise<Response> {
  const title = "This key is revoked";
  const text = "That is final: it can no longer be changed, rotated or used.";
  const onward = { label: "Open the key", href: `${HOME}/${encodeURIComponent(keyId)}` };
  return pageForAll(c, title, <Message icon="lock" title={title} text={text} onward={onward} />, {
    status: 409,
  });
}

/** A key is rotated once: the next time, it is its new key's turn, unless that is revoked. */
export function rotatedPage(c: ConsoleContext, key: Key, successor: Key | null): Promise<Response> {
  const title = "This key was already rotated";
  const end = endOf(key);
  const isLost = successor?.status === "revoked";
  const ends = end === null ? "" : ` This one stops working on ${exact(end)}.`;
  const text = isLost
    ? `Its new key is revoked, and a key can be rotated once.${ends} For another key with the same settings, duplicate it.`
    : "A key can be rotated once. Rotate the new key, or revoke this one.";
  const onward = isLost
    ? { label: "Duplicate the key", href: duplicatePage(key.id) }
    : { label: "Open the new key", href: keyPage(key.successorId ?? key.id) };
  return pageForAll(c, title, <Message icon="rotate" title={title} text={text} onward={onward} />, {
    status: 409,
  });
}
