import { formatMoment, type Precision } from "../moment.ts";
import { elementOf, formOf } from "./events.ts";

const STORED = "console zone";
const UTC = "UTC";

/** What else is drawn in the zone that was chosen. */
const drawnInZone: (() => void)[] = [];

export function whenZoneChanges(draw: () => void): void {
  drawnInZone.push(draw);
}

/** Shows times in the zone of the device, or in UTC where that was chosen; and lets it be chosen. */
export function showTimesInZone(): void {
  showTimes();
  for (const choice of document.querySelectorAll<HTMLElement>("[data-zones]")) {
    choice.hidden = false;
    choice.addEventListener("click", (event) => {
      const button = elementOf(event)?.closest("button");
      if (!button) return;
      localStorage.setItem(STORED, button.value);
      showTimes();
      for (const draw of drawnInZone) draw();
    });
  }
  document.addEventListener("change", ({ target: field }) => {
    if (field instanceof HTMLInputElement && field.dataset["utc"] !== undefined)
      field.dataset["utc"] = momentOf(field);
  });
  document.addEventListener("formdata", toUtc);
}

/** `undefined` for the zone of the device. */
export function zone(): string | undefined {
  return localStorage.getItem(STORED) === UTC ? UTC : undefined;
}

/** Shows what is on the page now. */
export function showTimes(): void {
  for (const time of document.querySelectorAll<HTMLElement>("[data-shown]")) {
    const iso = time.getAttribute("datetime");
    if (iso) time.textContent = formatMoment(iso, precisionOf(time.dataset["shown"]), zone());
  }
  for (const time of document.querySelectorAll<HTMLTimeElement>("[data-title]")) {
    time.title = formatMoment(time.dateTime, precisionOf(time.dataset["title"]), zone());
  }
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-zones] button")) {
    button.setAttribute("aria-pressed", `${(button.value === UTC) === (zone() === UTC)}`);
  }
  for (const field of document.querySelectorAll<HTMLInputElement>("[data-utc]")) showField(field);
  for (const name of document.querySelectorAll("[data-zone-name]")) name.textContent = zone() ?? "local time";
}

function precisionOf(asked: string | undefined): Precision {
  return asked === "second" ? "second" : "minute";
}

/** A field for a moment keeps it in UTC beside what it shows; an address holds UTC alone. */
function showField(field: HTMLInputElement): void {
  field.value = shownOf(field.dataset["utc"] ?? "");
}

function shownOf(utc: string): string {
  return utc === "" || zone() === UTC ? utc : inZone(`${utc}Z`).slice(0, 16);
}

function toUtc(event: FormDataEvent): void {
  for (const field of formOf(event).querySelectorAll<HTMLInputElement>("[data-utc]"))
    event.formData.set(field.name, momentOf(field));
}

/** A moment that was not touched stays as it is: an hour that the clocks show twice could be either. */
function momentOf(field: HTMLInputElement): string {
  const utc = field.dataset["utc"] ?? "";
  return shownOf(utc) === field.value ? utc : inUtc(field.value);
}

function inUtc(shown: string): string {
  if (shown === "" || zone() === UTC) return shown;
  return new Date(shown).toISOString().slice(0, 16);
}

/** A moment as the clocks of the device's zone show it: ISO 8601 without a zone. */
function inZone(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString();
}
