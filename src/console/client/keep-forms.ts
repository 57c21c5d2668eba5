/**
 * Brings back what was filled into a form when a sign-in had to come between. A form with `data-keep` is written down as
 * it is sent. Pages that lead to a sign-in, or tell why it was not taken (`data-keep-forms`), keep that; the page of the form
 * fills it in again; any other page means that the form has arrived, and forgets it.
 */

const PREFIX = "form ";

/** The fields of a form in their order, as they were sent. */
export interface KeptForm {
  readonly path: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The button that it was sent by, if that has a name. */
  readonly button: readonly [name: string, value: string] | null;
  /** The person who has filled it in. */
  readonly who: string;
}

/** The event of a form before it is filled in, upon which scripts make the fields that are not there yet. */
export const RESTORE = "console:restore";

export function keepForms(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const { keep } = form.dataset;
    if (keep !== undefined && !event.defaultPrevented)
      write(keep, form, event.submitter as HTMLButtonElement | null);
  });
}

/**
 * Fills in what was kept, where somebody comes back to it. After a second factor it is sent at once by `send`, as it was
 * when the button was pressed, by the same person.
 */
export function restoreForms(send: (form: HTMLFormElement, data: FormData) => void): void {
  const { keepForms: passage } = document.body.dataset;
  if (passage !== undefined) return leadOn(passage);
  let isSent = false;
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-keep]")) {
    const kept = read(form.dataset["keep"] ?? "");
    const cameBy = sessionStorage.getItem(PASSAGE);
    if (kept?.path !== location.pathname || cameBy === null) continue;
    restore(form, kept.fields);
    if (cameBy !== STEP_UP || kept.who !== who() || !form.hasAttribute("data-in-place")) {
      form
        .querySelector(`[data-restored=${cameBy === AGAIN ? AGAIN : "sign-in"}]`)
        ?.removeAttribute("hidden");
      continue;
    }
    const data = restoredData(form, kept.fields);
    if (kept.button !== null) data.set(...kept.button);
    isSent = true;
    send(form, data);
  }
  // What is sent stays until it has arrived: its answer may ask for another sign-in.
  if (isSent) sessionStorage.removeItem(PASSAGE);
  else forgetForms();
}

/** Forgets what was kept: it has arrived. */
export function forgetForms(): void {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  sessionStorage.removeItem(PASSAGE);
}

/** Set by the pages that lead to a sign-in or back to the form: the kept form is for the return from there. */
const PASSAGE = "passage";
/** The passage that only asks for a second factor, and that of a form that was not taken. */
const STEP_UP = "step-up";
const AGAIN = "again";

export function leadOn(passage: string): void {
  sessionStorage.setItem(PASSAGE, passage);
}

function who(): string {
  return document.body.dataset["who"] ?? "";
}

/** The form's own unseen fields with what was kept of the others. */
export function restoredData(form: HTMLFormElement, fields: KeptForm["fields"]): FormData {
  const data = new FormData();
  for (const field of form.querySelectorAll<HTMLInputElement>("input[type=hidden]"))
    data.set(field.name, field.value);
  for (const [name] of fields) data.delete(name);
  for (const [name, value] of fields) data.append(name, value);
  return data;
}

function write(name: string, form: HTMLFormElement, submitter: HTMLButtonElement | null): void {
  const button = submitter?.name ? ([submitter.name, submitter.value] as const) : null;
  const fields = [...new FormData(form)].filter(isKept(form));
  const kept: KeptForm = { path: location.pathname, fields, button, who: who() };
  sessionStorage.setItem(PREFIX + name, JSON.stringify(kept));
}

function read(name: string): KeptForm | null {
  const text = sessionStorage.getItem(PREFIX + name);
  return text === null ? null : (JSON.parse(text) as KeptForm);
}

/** Texts of fields that people see and that are no secret. */
function isKept(form: HTMLFormElement) {
  const secret = new Set(
    [...form.elements]
      .filter((element) => element.matches("[type=hidden]:not([data-kept]), [type=password], [data-secret]"))
      .map((element) => (element as HTMLInputElement).name),
  );
  return (entry: [string, FormDataEntryValue]): entry is [string, string] =>
    typeof entry[1] === "string" && !secret.has(entry[0]);
}

function restore(form: HTMLFormElement, fields: KeptForm["fields"]): void {
  form.dispatchEvent(new CustomEvent(RESTORE, { detail: fields }));
  // A box that was not ticked left no value behind.
  const boxes = [...form.elements].filter((element) => element.matches("[type=checkbox], [type=radio]"));
  const names = boxes.map((element) => (element as HTMLInputElement).name);
  const unticked = names.filter((name) => !fields.some(([kept]) => kept === name));
  fill(form, [...fields, ...unticked.map((name) => [name, null] as const)]);
}

/** A value of a field, or `null` where a field of that name has none. */
export type Field = readonly [name: string, value: string | null];

/** Fills in fields by name. Those of one name get its values in order; boxes and choices are set by their value. */
export function fill(form: HTMLFormElement, fields: readonly Field[]): void {
  const left = new Map<string, string[]>();
  for (const [name, value] of fields)
    left.set(name, [...(left.get(name) ?? []), ...(value === null ? [] : [value])]);
  for (const element of form.elements) {
    const field = element as HTMLInputElement;
    const values = left.get(field.name);
    if (values === undefined) continue;
    if (field.type === "checkbox" || field.type === "radio") {
      field.checked = values.includes(field.value);
    } else if (values.length > 0) {
      if (element instanceof HTMLSelectElement && element.multiple) selectAll(element, values.splice(0));
      else field.value = values.shift() ?? "";
    } else continue;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function selectAll(select: HTMLSelectElement, values: readonly string[]): void {
  for (const option of select.options) option.selected = values.includes(option.value);
}
