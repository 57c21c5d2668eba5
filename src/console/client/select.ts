/** Rows of a list that are chosen together: all at a touch, with how many there are. */
export function chooseRows(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-choose]")) {
    const all = form.querySelector<HTMLInputElement>("[data-choose-all]");
    const boxes = [...form.querySelectorAll<HTMLInputElement>("[name=id]")];
    const show = () => {
      const chosen = boxes.filter((box) => box.checked).length;
      for (const button of form.querySelectorAll("button")) button.disabled = chosen === 0;
      const count = form.querySelector("[data-chosen]");
      if (count !== null) count.textContent = `${chosen} selected`;
      if (all !== null) {
        all.checked = chosen === boxes.length;
        all.indeterminate = chosen > 0 && chosen < boxes.length;
      }
    };
    if (all !== null) all.hidden = false;
    all?.addEventListener("change", () => {
      for (const box of boxes) box.checked = all.checked;
      show();
    });
    form.addEventListener("change", show);
    window.addEventListener("pageshow", show);
    show();
  }
}
