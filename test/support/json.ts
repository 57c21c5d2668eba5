/** JSON of the form that a test expects: what it then looks at decides. */
export function readJson<T>(text: string): T {
  return JSON.parse(text);
}
