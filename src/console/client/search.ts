import { keysIn, MAX_CANDIDATES } from "../key-text.ts";
import { formOf } from "./events.ts";

/** Searches for pasted keys by their hashes: the keys themselves do not leave the browser. */
export function hashPastedKeys(): void {
  document.addEventListener("submit", (event) => {
    const form = formOf(event);
    const hash = form.querySelector<HTMLInputElement>("[name=hash]");
    const fields = [...form.querySelectorAll<HTMLInputElement>("[data-finds-keys]")];
    const pasted = fields.filter((field) => keysIn(field.value).length > 0);
    if (pasted.length === 0 || hash === null || !isSecureContext) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const keys = pasted.flatMap((field) => keysIn(field.value)).slice(0, MAX_CANDIDATES);
    void Promise.all(keys.map(sha256)).then((hashes) => {
      hash.value = hashes.join(" ");
      for (const field of pasted) field.value = "";
      // Browsers may be done so soon that this submission is not over, and send none in its midst.
      setTimeout(() => form.requestSubmit());
      return hashes;
    });
  });
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `/` leads to the search, from wherever nothing is being typed. */
export function searchByKeyboard(): void {
  document.addEventListener("keydown", (event) => {
    const { target } = event;
    const typing =
      target instanceof HTMLElement &&
      (target.matches("input, textarea, select") || target.isContentEditable);
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = document.querySelector<HTMLInputElement>("main [type=search]");
    const page = document.querySelector<HTMLAnchorElement>("a[data-search-page]");
    if (field === null && page === null) return;
    event.preventDefault();
    if (field !== null) field.focus();
    else page?.click();
  });
}
