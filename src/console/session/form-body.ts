import type { ConsoleContext } from "../context.ts";

/** The fields of the form that was sent; none when the body is no form. */
export function formOf(c: ConsoleContext): Promise<Readonly<Record<string, unknown>>> {
  return c.req.parseBody().catch(() => ({}));
}
