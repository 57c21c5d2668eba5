import { offerFirstCall } from "./first-call.ts";

/** On the one page that shows a secret: copy, download, and no way on before it is stored. */
export function guardSecret(): void {
  const page = document.querySelector<HTMLElement>("[data-once]");
  const secret = document.querySelector<HTMLElement>("#secret");
  if (page === null || secret === null) return;
  // Loading the page anew, or coming back to it, leads on.
  history.replaceState(null, "", page.dataset["once"]);
  for (const button of page.querySelectorAll<HTMLButtonElement>("button[hidden]")) button.hidden = false;
  for (const button of page.querySelectorAll<HTMLElement>("[data-copy]")) {
    const source = document.querySelector<HTMLElement>(`#${button.dataset["copy"]}`) ?? secret;
    button.addEventListener("click", () => void copy(source));
  }
  offerFirstCall(secret.innerText.trim());
  const button = page.querySelector<HTMLElement>("[data-download]");
  button?.addEventListener("click", () => download(secret, button.dataset["download"] ?? "key.txt"));
  warnOnLeaving(page);
  // Browsers may keep the page as it is left, to show it again.
  window.addEventListener("pagehide", () => {
    for (const part of page.querySelectorAll("#secret, [data-holds-secret]"))
      part.replaceChildren("shown once");
  });
}

async function copy(secret: HTMLElement): Promise<void> {
  try {
    await navigator.clipboard.writeText(secret.innerText.trim());
    say("Copied.");
  } catch {
    getSelection()?.selectAllChildren(secret);
    say("Press Ctrl+C or ⌘C to copy: it is selected.");
  }
}

/** Saves a file that exists in this page alone: an address that held the key would stay in the browser's history. */
function download(secret: HTMLElement, name: string): void {
  const url = URL.createObjectURL(new Blob([`${secret.innerText.trim()}\n`], { type: "text/plain" }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(url);
  say(`Saved as ${name}.`);
}

function warnOnLeaving(page: HTMLElement): void {
  const stored = page.querySelector<HTMLInputElement>("[data-acknowledge] input[type=checkbox]");
  window.addEventListener("beforeunload", (event) => {
    if (stored?.checked !== true) event.preventDefault();
  });
}

function say(text: string): void {
  const place = document.querySelector("#said");
  if (place !== null) place.textContent = text;
}
