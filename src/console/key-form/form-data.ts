/** A text of a form that was sent, without the spaces around it; empty where there is none, or a file. */
export function textOf(data: FormData, name: string): string {
  return textsOf(data, name)[0] ?? "";
}

/** All texts of one name. */
export function textsOf(data: FormData, name: string): string[] {
  return data.getAll(name).flatMap((value) => (typeof value === "string" ? [value.trim()] : []));
}
