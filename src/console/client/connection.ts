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
function sayConnection(form: HTMLFormElement, reachable: boolean): void {
  if (reachable) return takeBack();
  say(
    form,
    "No connection",
    "Nothing was sent. What you have filled in is still here: try again when you are back online.",
  );
}

/** Says above a form that was sent that no answer of the console came back. */
export function sayUnanswered(form: HTMLFormElement, when: string): void {
  say(
    form,
    "The console did not answer",
    `It may or may not have been done. What you have filled in is still here: check what is there, or try again ${when}.`,
  );
}

function takeBack(): void {
  document.querySelector("#no-connection")?.remove();
}

function say(form: HTMLFormElement, heading: string, words: string): void {
  takeBack();
  const banner = document.createElement("div");
  banner.id = "no-connection";
  banner.className = "banner bad";
  banner.setAttribute("role", "alert");
  banner.tabIndex = -1;
  const title = document.createElement("b");
  title.textContent = heading;
  const text = document.createElement("p");
  text.textContent = words;
  const box = document.createElement("div");
  box.append(title, text);
  banner.append(box);
  form.before(banner);
  banner.focus();
}
