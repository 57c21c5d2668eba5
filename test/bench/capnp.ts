/** A value of Cap'n Proto's text form: `null` stands for `void`, an object for a struct. */
type Value = string | boolean | null | Embed | readonly Value[] | Struct;

export interface Struct {
  readonly [field: string]: Value;
}

/** The content of a file, named from where the text is. */
export class Embed {
  readonly file: string;

  constructor(file: string) {
    this.file = file;
  }
}

/** Writes a value; strings are quoted as in JSON. */
export function capnpText(value: Value): string {
  if (value === null) return "void";
  if (value instanceof Embed) return `embed ${JSON.stringify(value.file)}`;
  if (isList(value)) return `[${value.map(capnpText).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const fields = Object.entries(value).map(([name, field]) => `${name} = ${capnpText(field)}`);
  return `(${fields.join(", ")})`;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
