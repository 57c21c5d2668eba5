import { formOf } from "./events.ts";

/** Changes the theme without loading the page anew, so that nothing that was filled in is lost. */
export function switchThemeAtOnce(): void {
  document.addEventListener("submit", (event) => {
    const form = formOf(event);
    const button = event.submitter;
    if (!form.hasAttribute("data-theme-choice") || !(button instanceof HTMLButtonElement)) return;
    event.preventDefault();
    show(button.value);
    const body = new URLSearchParams({ theme: button.value });
    // The answer is a page that nobody needs; if it does not arrive, the choice is for this page alone.
    fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
  });
}

function show(theme: string): void {
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
  document
    .querySelector("meta[name=color-scheme]")
    ?.setAttribute("content", theme === "system" ? "light dark" : theme);
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-theme-choice] button")) {
    button.setAttribute("aria-pressed", `${button.value === theme}`);
  }
}
