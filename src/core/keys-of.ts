/** The names of a table, by their type: `Object.keys` tells of strings alone, since an object may hold more. */
export function keysOf<Name extends string>(table: Readonly<Record<Name, unknown>>): Name[] {
  return Object.keys(table) as Name[];
}
