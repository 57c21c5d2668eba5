import type { MiddlewareHandler } from "hono";
import { readAtMost } from "../../core/http/body.ts";
import { isRefusal } from "../../core/refusal.ts";
import type { ConsoleEnv } from "../context.ts";
import { brokenFormPage, tooLargePage } from "../pages/error-pages.tsx";

const MAX_FORM_BYTES = 1_048_576;

/** Reads the body of a form before anything looks at it, within the size and the time that there are for it. */
export const readForm: MiddlewareHandler<ConsoleEnv> = async (c, next) => {
  const { raw } = c.req;
  if (raw.body === null) return next();
  const bytes = await readAtMost(raw.body, MAX_FORM_BYTES);
  if (isRefusal(bytes)) return bytes.code === "payload_too_large" ? tooLargePage(c) : brokenFormPage(c);
  const { method, headers, signal } = raw;
  c.req.raw = new Request(raw.url, { method, headers, signal, body: bytes });
  return next();
};
