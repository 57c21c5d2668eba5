import { formOf } from "./events.ts";

/** How long the console may take to answer before it counts as out of reach. */
const PATIENCE_MS = 10_000;

/**
 * Sends a form only once the console has answered: a form that gets lost on the way would leave an error of the
 * browser in its place.
 */
export function sendWhenConnected(): void {
  const asked = new WeakSet<HTMLFormElement>();
  const ready = new WeakSet<HTMLFormElement>();
  document.addEventListener("submit", (event) => {
    const form = formOf(event);
    if (!form.hasAttribute("data-needs-connection") || ready.delete(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (asked.has(form)) return;
    asked.add(form);
    const { submitter } = event;
    submitter?.setAttribute("aria-busy", "true");
    void isReachable().then((reachable) => {
      asked.delete(form);
      submitter?.removeAttribute("aria-busy");
      sayConnection(form, reachable);
      if (reachable) {
        ready.add(form);
        form.requestSubmit(submitter);
      }
      return reachable;
    });
  });
}

/** Asks for something small that is always there. */
async function isReachable(): Promise<boolean> {
  if (!navigator.onLine) return false;
  const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]")?.href ?? location.href;
  const options: RequestInit = {
    method: "HEAD",
    cache: "no-store",
    signal: AbortSignal.timeout(PATIENCE_MS),
  };
  return fetch(icon, options).then(
    () => true,
    () => false,
  );
}

/** Says above a form whether it could be sent. */
export function sayConnection(form: HTMLFormElement, reachable: boolean): void {
  document.querySelector("#no-connection")?.remove();
  if (reachable) return;
  const banner = document.createElement("div");
  banner.id = "no-connection";
  banner.className = "banner bad";
  banner.setAttribute("role", "alert");
  banner.tabIndex = -1;
  const title = document.createElement("b");
  title.textContent = "No connection";
  const text = document.createElement("p");
  text.textContent =
    "Nothing was sent. What you have filled in is still here: try again when you are back online.";
  const box = document.createElement("div");
  box.append(title, text);
  banner.append(box);
  form.before(banner);
  banner.focus();
}
