import { notBusy } from "./busy.ts";

/** What the forms held that ask before they are lost, when they were opened; for one that was sent, nothing. */
const opened = new WeakMap<HTMLFormElement, string>();
let mayLeave = false;

/** Asks before a form is left that somebody has filled in. */
export function askBeforeLosing(): void {
  window.addEventListener("beforeunload", (event) => {
    const isLost = [...unsavedForms()].some((form) => opened.get(form) !== valuesOf(form));
    if (!isLost || mayLeave) return;
    event.preventDefault();
    // Runs once the question is answered: somebody who stays waits for no page.
    setTimeout(notBusy);
  });
  window.addEventListener("pageshow", () => {
    mayLeave = false;
  });
}

/** Notes what the forms of a page hold. `isAnswer`: what is in them was sent before and is not saved yet. */
export function noteForms(isAnswer: boolean): void {
  mayLeave = false;
  for (const form of unsavedForms()) opened.set(form, isAnswer ? "" : valuesOf(form));
}

/** What follows is where the form leads. */
export function leaveWithoutAsking(): void {
  mayLeave = true;
}

function unsavedForms(): NodeListOf<HTMLFormElement> {
  return document.querySelectorAll<HTMLFormElement>("form[data-unsaved]");
}

function valuesOf(form: HTMLFormElement): string {
  return JSON.stringify([...new FormData(form)].filter(([name]) => name !== "do"));
}
