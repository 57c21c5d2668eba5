import { readAtMost } from "../../core/http/body.ts";
import { isRefusal, type Result } from "../../core/refusal.ts";
import { invalidForm } from "./oauth-error.ts";

const MEDIA_TYPE = "application/x-www-form-urlencoded";
const MAX_FORM_BYTES = 65_536;

/** The parameters of a form; one that was sent without a value counts as left out (RFC 6749 section 3.2). */
export type Form = Readonly<Partial<Record<string, string>>>;

/**
 * Reads the parameters of a request, which stand in its body and nowhere else (RFC 6749 section 2.3.1). They are wrapped,
 * as a parameter may be called `code`.
 */
export async function readForm(request: Request): Promise<Result<{ readonly form: Form }>> {
  const bytes = await readAtMost(request.body, MAX_FORM_BYTES);
  if (isRefusal(bytes)) return bytes;
  const mediaType = request.headers.get("Content-Type")?.split(";")[0]?.trim().toLowerCase();
  if (mediaType !== MEDIA_TYPE) return invalidForm(`The body must be ${MEDIA_TYPE}.`);
  if (request.url.includes("?")) {
    return invalidForm("Parameters belong into the body, not into the address.");
  }
  const sent = new URLSearchParams(new TextDecoder().decode(bytes));
  const form: Record<string, string> = {};
  for (const [name, value] of sent) {
    if (value === "") continue;
    if (Object.hasOwn(form, name)) {
      return invalidForm("A parameter was sent more than once.");
    }
    form[name] = value;
  }
  return { form };
}
