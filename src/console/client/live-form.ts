import { fill, RESTORE, restoredData, type Field, type KeptForm } from "./keep-forms.ts";
import { fateOf, OWN_ANSWER } from "../in-place.ts";
import { elementOf } from "./events.ts";

/** After the last key stroke. */
const PAUSE_MS = 250;
/** What follows from the values; and that with the fields that depend on others. */
type Extent = "results" | "fields";

/**
 * Shows what follows from a form while it is filled in. The form is sent to its page, which draws itself anew with the
 * same values and changes nothing; of the answer, the parts marked `data-swap` take the place of those here. So rules and
 * looks are the server's, as they are without scripts.
 */
export function checkAsOneTypes(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-live]")) {
    new LiveForm(form).start();
  }
}

class LiveForm {
  readonly #form: HTMLFormElement;
  #timer = 0;
  #request: XMLHttpRequest | null = null;
  #restoring = false;
  /** Where something was typed or chosen. */
  readonly #edited = new Set<Element>();

  constructor(form: HTMLFormElement) {
    this.#form = form;
  }

  start(): void {
    const form = this.#form;
    form.addEventListener("input", (event) => {
      const edited = elementOf(event);
      if (edited !== null) this.#edited.add(edited);
      this.#soon();
    });
    form.addEventListener("change", (event) => {
      if (elementOf(event)?.matches("select[data-rebuild]")) this.#now("fields");
      else this.#soon();
    });
    form.addEventListener("click", (event) => {
      const button = elementOf(event)?.closest<HTMLButtonElement>("button[data-rebuild]");
      if (!button) return;
      event.preventDefault();
      this.#now("fields", button.value, true);
    });
    form.addEventListener("submit", () => this.#stop());
    form.addEventListener(RESTORE, (event) => {
      this.#restoring = true;
      this.#send("fields", "check", restoredData(form, (event as CustomEvent<KeptForm["fields"]>).detail));
    });
  }

  /** What is sent to be saved needs no check any more, and one would come upon a key that has changed. */
  #stop(): void {
    clearTimeout(this.#timer);
    if (!this.#restoring) this.#request?.abort();
  }

  #soon(): void {
    if (this.#restoring) return;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#now("results"), PAUSE_MS);
  }

  #now(extent: Extent, step = "check", moveFocus = false): void {
    if (!this.#restoring) this.#send(extent, step, new FormData(this.#form), moveFocus);
  }

  #send(extent: Extent, step: string, data: FormData, moveFocus = false): void {
    clearTimeout(this.#timer);
    this.#request?.abort();
    const request = new XMLHttpRequest();
    this.#request = request;
    data.set("do", step);
    request.open("POST", this.#form.action);
    // Parsed by the browser without running anything, which the page's policy allows (no text becomes markup here).
    request.responseType = "document";
    request.addEventListener("load", () => {
      const isRestoring = this.#restoring;
      this.#restoring = false;
      const drawn = this.#drawnIn(request);
      if (drawn) this.#swap(drawn, extent, moveFocus, isRestoring ? null : data);
      this.#say(drawn ? "" : "This could not be brought up to date. Save to see why.");
    });
    request.addEventListener("error", () => {
      this.#restoring = false;
      this.#say("This could not be brought up to date: there is no connection.");
    });
    request.send(data);
  }

  /** The form in an answer of its own page; what stands between, or another page, may hold one like it. */
  #drawnIn(request: XMLHttpRequest): Element | null {
    const isOwn = request.getResponseHeader(OWN_ANSWER) !== null;
    const isPage = request.getResponseHeader("Content-Type")?.startsWith("text/html") === true;
    const fate = fateOf({ isOwn, isPage, url: request.responseURL, action: this.#form.action });
    return fate === "draw" ? (request.responseXML?.querySelector("form[data-live]") ?? null) : null;
  }

  /** `sent`: the values that were drawn; those that have changed since then stay. */
  #swap(drawn: Element, extent: Extent, moveFocus: boolean, sent: FormData | null): void {
    const changed = sent === null ? [] : changedSince(this.#form, sent);
    for (const part of this.#form.querySelectorAll<HTMLElement>("[data-swap]")) {
      const next = drawn.querySelector(`#${part.id}`);
      const isFields = part.dataset["swap"] === "fields";
      if (next === null || (isFields && extent === "results") || this.#stands(part, next)) continue;
      const focused = isFields ? nameOf(document.activeElement, part) : null;
      part.replaceChildren(...[...next.childNodes].map((node) => document.adoptNode(node)));
      if (focused !== null) part.querySelector<HTMLElement>(`[name="${focused}"]`)?.focus();
      if (moveFocus) part.querySelector<HTMLElement>("[autofocus]")?.focus();
    }
    fill(this.#form, changed);
    for (const problem of this.#form.querySelectorAll("small.problem")) {
      const field = document.querySelector(`#${problem.id.slice(0, -"-problem".length)}`);
      if (problem.textContent === "") field?.removeAttribute("aria-invalid");
      else if (field?.matches("input, select, textarea")) field.setAttribute("aria-invalid", "true");
    }
  }

  /** What the control API has said of a field stands until that field is changed; here only some of it is found. */
  #stands(part: HTMLElement, next: Element): boolean {
    if (!part.matches("small.problem") || next.textContent !== "") return false;
    return ![...this.#edited].some((each) => part.parentElement?.contains(each));
  }

  #say(trouble: string): void {
    const place = this.#form.querySelector("#reach-trouble");
    if (place !== null && place.textContent !== trouble) place.textContent = trouble;
  }
}

/** The fields whose values have changed since they were sent. */
function changedSince(form: HTMLFormElement, sent: FormData): Field[] {
  const now = new FormData(form);
  const names = new Set([...now.keys(), ...sent.keys()].filter((name) => name !== "do"));
  return [...names]
    .filter((name) => JSON.stringify(now.getAll(name)) !== JSON.stringify(sent.getAll(name)))
    .flatMap((name) => {
      const values = now
        .getAll(name)
        .flatMap((value): Field[] => (typeof value === "string" ? [[name, value]] : []));
      return values.length > 0 ? values : [[name, null] as const];
    });
}

/** The name of an element that is inside of another, to find it again. */
function nameOf(element: Element | null, part: Element): string | null {
  return element !== null && part.contains(element) ? element.getAttribute("name") : null;
}
