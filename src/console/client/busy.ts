import { formOf, elementOf } from "./events.ts";

/** Shorter waits show nothing. */
const PATIENCE_MS = 150;

let timer = 0;

/** Shows that a page is on its way, and keeps a form from being sent twice. */
export function showBusy(): void {
  const begin = () => {
    timer = window.setTimeout(() => document.documentElement.toggleAttribute("data-busy", true), PATIENCE_MS);
  };
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    const form = formOf(event);
    if (form.hasAttribute("data-sent")) return event.preventDefault();
    form.toggleAttribute("data-sent", true);
    event.submitter?.setAttribute("aria-busy", "true");
    begin();
  });
  document.addEventListener("click", (event) => {
    const anchor = elementOf(event)?.closest<HTMLAnchorElement>("a[href]") ?? null;
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
    if (plain && anchor !== null && !event.defaultPrevented && !staysHere(anchor)) begin();
  });
  // A page that comes back from the browser's memory is as it was left.
  window.addEventListener("pageshow", notBusy);
}

/** The page that was on its way is there, or does not come. */
export function notBusy(): void {
  window.clearTimeout(timer);
  document.documentElement.removeAttribute("data-busy");
  for (const form of document.querySelectorAll("form[data-sent]")) form.removeAttribute("data-sent");
  for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}

function staysHere(anchor: HTMLAnchorElement): boolean {
  const { pathname, search } = window.location;
  const samePage = anchor.pathname === pathname && anchor.search === search && anchor.hash !== "";
  return samePage || anchor.target !== "" || anchor.hasAttribute("data-saves");
}
