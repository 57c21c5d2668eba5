import { looksLikeKey } from "../key-text.ts";

/** Searches for a pasted key by its hash: the key itself does not leave the browser. */
export function hashPastedKeys(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const field = form.querySelector<HTMLInputElement>("[data-finds-keys]");
    const hash = form.querySelector<HTMLInputElement>("[name=hash]");
    if (field === null || hash === null || !looksLikeKey(field.value) || !isSecureContext) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    void sha256(field.value.trim()).then((hex) => {
      hash.value = hex;
      field.value = "";
      // Browsers may be done so soon that this submission is not over, and send none in its midst.
      setTimeout(() => form.requestSubmit());
      return hex;
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
    const target = event.target as HTMLElement;
    const typing = target.matches("input, textarea, select") || target.isContentEditable;
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const field = document.querySelector<HTMLInputElement>("main [type=search]");
    const page = document.querySelector<HTMLAnchorElement>("a[data-search-page]");
    if (field === null && page === null) return;
    event.preventDefault();
    if (field !== null) field.focus();
    else page?.click();
  });
}
