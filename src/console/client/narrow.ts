/** Fields that narrow a list of boxes to those that hold what is typed; what is ticked stays in sight. */
export function narrowLists(): void {
  document.documentElement.toggleAttribute("data-scripted", true);
  // Before the form hears of it, which has not changed.
  document.addEventListener("input", narrow, true);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && fieldOf(event) !== null) event.preventDefault();
  });
}

function fieldOf({ target }: Event): HTMLInputElement | null {
  return target instanceof HTMLInputElement && target.dataset["narrows"] !== undefined ? target : null;
}

function narrow(event: Event): void {
  const field = fieldOf(event);
  const list = field && document.querySelector(`#${field.dataset["narrows"]}`);
  if (!field || !list) return;
  event.stopPropagation();
  const wanted = field.value
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
  const entries = [...list.querySelectorAll("label")];
  for (const entry of entries) {
    const text = (entry.textContent ?? "").toLowerCase();
    const isTicked = entry.querySelector("input")?.checked === true;
    entry.hidden = !isTicked && wanted.length > 0 && !wanted.some((part) => text.includes(part));
  }
  const shown = entries.filter(({ hidden }) => !hidden).length;
  const said = field.parentElement?.querySelector("[data-narrowed]");
  if (said)
    said.textContent = wanted.length === 0 ? "" : `${shown} of ${entries.length}, those ticked included`;
}
