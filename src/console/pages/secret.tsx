import type { ConsoleContext } from "../context.ts";
import { bare } from "../parts/page.tsx";
import { SecretOnce } from "../parts/secret-once.tsx";

interface Secret {
  readonly title: string;
  /** What it is for. */
  readonly what: string;
  readonly secret: string;
  /** What it is called when it is downloaded. */
  readonly file: string;
  /** Where one goes on once it is stored. */
  readonly onward: string;
}

/**
 * Shows a secret of the organisation, this once: the answer to the form that made it, which no cache keeps. The forms of
 * the session end with it: sent anew, none makes another secret in place of this one.
 */
export async function secretPage(c: ConsoleContext, { what, ...secret }: Secret): Promise<Response> {
  await c.get("endForms")();
  const text = `${what} This is the only time that it is shown: Portcullis cannot show it again.`;
  return bare(c, secret.title, <SecretOnce {...secret} label="The secret" text={text} />, {
    contained: true,
  });
}
