import type { KeyForm } from "./values.ts";

/** A form after a button in it was pressed that only changes the form, and the scope at which to go on. */
export function afterStep(
  form: KeyForm,
  step: string,
  firstType: string,
): { form: KeyForm; focus: number | null } {
  if (step === "add-scope") {
    const scopes = [...form.scopes, { action: "read", type: firstType, segments: [] }];
    return { form: { ...form, scopes }, focus: scopes.length - 1 };
  }
  const removed = /^remove-scope-(\d{1,3})$/.exec(step)?.[1];
  if (removed !== undefined) {
    const scopes = form.scopes.filter((_, i) => i !== Number(removed));
    return { form: { ...form, scopes }, focus: scopes.length };
  }
  return { form, focus: null };
}
