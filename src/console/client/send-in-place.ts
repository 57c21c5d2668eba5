import { IN_PLACE } from "../in-place.ts";
import { notBusy } from "./busy.ts";
import { sayConnection } from "./connection.ts";
import { forgetForms, leadOn } from "./keep-forms.ts";
import { leaveWithoutAsking } from "./unsaved.ts";

/**
 * Sends forms and draws the answer in the place of the page that they are on: one that is not taken leaves no entry in
 * the history. An answer that leads elsewhere is gone to. `begin` is called for what is drawn.
 */
export function sendInPlace(begin: () => void): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (event.defaultPrevented || !form.hasAttribute("data-in-place")) return;
    event.preventDefault();
    const submitter = event.submitter as HTMLButtonElement | null;
    sendForm(form, new FormData(form, submitter), begin);
  });
}

/** Sends fields as a form's, and draws the answer. */
export function sendForm(form: HTMLFormElement, data: FormData, begin: () => void): void {
  document.documentElement.toggleAttribute("data-busy", true);
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader(IN_PLACE, "1");
  // Parsed by the browser without running anything, which the page's policy allows.
  request.responseType = "document";
  request.addEventListener("load", () => arrive(form, request, begin));
  request.addEventListener("error", () => {
    notBusy();
    sayConnection(form, false);
  });
  request.send(data);
}

function arrive(
  form: HTMLFormElement,
  { responseXML: drawn, responseURL }: XMLHttpRequest,
  begin: () => void,
) {
  // A redirect may lead to the same page with what was done.
  const isHere = responseURL === form.action.split("#", 1)[0];
  if (drawn === null || !isHere) return goTo(responseURL);
  const refresh = drawn.querySelector<HTMLMetaElement>("meta[http-equiv=refresh]");
  const passage = drawn.body.dataset["keepForms"];
  if (refresh !== null) {
    if (passage !== undefined) leadOn(passage);
    return goTo(refresh.content.replace(/^.*?url=/, ""));
  }
  if (passage === undefined) forgetForms();
  draw(drawn);
  begin();
}

function goTo(url: string): void {
  leaveWithoutAsking();
  location.assign(url);
}

function draw(drawn: Document): void {
  notBusy();
  document.title = drawn.title;
  document.body.replaceChildren(...[...drawn.body.childNodes].map((node) => document.adoptNode(node)));
  // Where the same is found when the page is loaded anew.
  const at = document.querySelector<HTMLElement>("[data-at]")?.dataset["at"];
  if (at !== undefined) history.replaceState(null, "", at);
  scrollTo(0, 0);
  const first =
    document.querySelector<HTMLElement>("[autofocus]") ?? document.querySelector<HTMLElement>("h1");
  if (first?.tagName === "H1") first.tabIndex = -1;
  first?.focus({ preventScroll: true });
}
