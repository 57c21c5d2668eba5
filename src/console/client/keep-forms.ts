/**
 * Brings back what was filled into a form when a sign-in had to come between. A form with `data-keep` is written down as
 * it is sent. Pages that lead to a sign-in (`data-keep-forms`) keep that; the page of the form fills it in again; any other
 * page means that the form has arrived, and forgets it.
 */

const PREFIX = "form ";

/** The fields of a form in their order, as they were sent. */
export interface KeptForm {
  readonly path: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** Told to a form before it is filled in, so that scripts can make the fields that are not there yet. */
export const RESTORE = "console:restore";

export function keepForms(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const { keep } = form.dataset;
    if (keep !== undefined && !event.defaultPrevented) write(keep, form);
  });
  if (document.body.hasAttribute("data-keep-forms")) return leadOn();
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-keep]")) {
    const kept = read(form.dataset["keep"] ?? "");
    if (kept?.path === location.pathname && cameBySignIn()) restore(form, kept.fields);
  }
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
  sessionStorage.removeItem(PASSAGE);
}

/** Set by the pages that lead to a sign-in: what is kept is for whoever comes back from there. */
const PASSAGE = "passage";

function leadOn(): void {
  sessionStorage.setItem(PASSAGE, "1");
}

function cameBySignIn(): boolean {
  return sessionStorage.getItem(PASSAGE) !== null;
}

function write(name: string, form: HTMLFormElement): void {
  const kept: KeptForm = { path: location.pathname, fields: [...new FormData(form)].filter(isKept(form)) };
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
  form.querySelector("[data-restored]")?.removeAttribute("hidden");
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
