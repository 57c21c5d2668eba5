import { fateOf, IN_PLACE, OWN_ANSWER, whenToRetry } from "../in-place.ts";
import { notBusy } from "./busy.ts";
import { sayUnanswered } from "./connection.ts";
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
  // An answer without a type would be read as XML, and what is wrong with it would be styled against that policy.
  request.overrideMimeType("text/html; charset=utf-8");
  request.addEventListener("load", () => arrive(form, request, begin));
  request.addEventListener("error", () => {
    // It was on its way, and may have arrived before the connection broke.
    notBusy();
    sayUnanswered(form, "in a moment");
  });
  request.send(data);
}

function arrive(form: HTMLFormElement, request: XMLHttpRequest, begin: () => void) {
  const { responseXML: drawn, responseURL: url } = request;
  const isOwn = request.getResponseHeader(OWN_ANSWER) !== null;
  const isPage = request.getResponseHeader("Content-Type")?.startsWith("text/html") === true;
  const fate = fateOf({ isOwn, isPage, url, action: form.action });
  if (fate === "keep") {
    notBusy();
    return sayUnanswered(form, whenToRetry(request.getResponseHeader("Retry-After"), Date.now()));
  }
  if (drawn === null || fate === "go") return goTo(url);
  const refresh = drawn.querySelector<HTMLMetaElement>("meta[http-equiv=refresh]");
  const passage = drawn.body.dataset["keepForms"];
  if (passage === undefined) forgetForms();
  else leadOn(passage);
  if (refresh !== null) return goTo(refresh.content.replace(/^.*?url=/, ""));
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
