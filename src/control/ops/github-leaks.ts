import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { exactly, type Exact } from "../../api-types/exact.ts";
import { GithubAnswerSchema, GithubReport, type GithubAnswer } from "../../api-types/leaks.ts";
import { hashKey } from "../../core/key/key-secret.ts";
import { describeLeak } from "../../core/organization/leak.ts";
import { leakLabel } from "../../core/organization/revocation.ts";
import { isRefusal, refuse, type Result } from "../../core/refusal.ts";
import { parseBody, readBytes } from "../body.ts";
import { describeResponses } from "../endpoint-document.ts";
import { refuseWith } from "../endpoint.ts";
import type { Control, ControlEnv } from "../context.ts";
import { parse } from "../parse.ts";
import { GithubKeys } from "./github-keys.ts";
import { readSignature, signatureRefusal } from "./github-signature.ts";
import { revokeLeaks } from "./revoke-leaks.ts";

const PATH = "/-/ops/leaks/github";
const NAME = "GitHub secret scanning";
const ID = "github-secret-scanning";

type Report = z.output<typeof GithubReport>;

/** `POST /-/ops/leaks/github`: reports of GitHub's secret scanning (its partner programme), signed by GitHub. */
export function addGithubLeakEndpoint(app: OpenAPIHono<ControlEnv>, control: Control): void {
  const keys = new GithubKeys(control.config.githubKeysUrl);
  describe(app);
  app.post(PATH, async (c) => {
    const report = await readReport(c.req.raw, keys);
    const answer = isRefusal(report)
      ? await control.failures.answerTo(report, c.get("address"), Date.now())
      : await revokeReported(report, c, control);
    return isRefusal(answer) ? refuseWith(c, answer, control.config) : c.json(answer, 200);
  });
}

/** Reads the report, of which nothing is believed, not even that it is JSON, before its signature is verified. */
async function readReport(request: Request, keys: GithubKeys): Promise<Result<Report>> {
  const claim = readSignature(request.headers);
  if (claim === null) return refuse("signature_invalid", { reason: "No well-formed signature" });
  const bytes = await readBytes(request);
  if (isRefusal(bytes)) return bytes;
  const refusal = await signatureRefusal(claim, bytes, keys, Date.now());
  if (refusal !== null) return refusal;
  const json = parseBody(request, bytes);
  if (isRefusal(json)) return json;
  // A leak is not to go unheard for half a character in the path of a file.
  const report = parse(GithubReport, wellFormed(json.value), true);
  return isRefusal(report) ? report : report.value;
}

/** JSON with every half of a character replaced (U+FFFD). */
function wellFormed(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json) ?? "null", (_, value: unknown) =>
    typeof value === "string" ? value.toWellFormed() : value,
  );
}

async function revokeReported(
  report: Report,
  c: Context<ControlEnv>,
  control: Control,
): Promise<Result<Exact<GithubAnswer>>> {
  const request = {
    id: c.get("requestId"),
    at: Date.now(),
    reason: `Reported as leaked by ${NAME}`,
    operator: { id: ID, name: NAME, address: c.get("address") },
  };
  const found = report.map(({ token, type, url, source }) => ({
    token,
    leak: describeLeak(source ? `${NAME}, ${source}` : NAME, url ?? null, type),
  }));
  const results = await revokeLeaks(control, request, found);
  if (isRefusal(results)) return results;
  // A report that is answered does not come again. Keys are on record, tokens are not.
  const lives = results.some(
    ({ status, credential }) => status === "unconfirmed" && credential !== "api_key",
  );
  if (lives) return refuse("admission_unavailable", { retryAfter: 1, reason: "a token may still be good" });
  const answers = report.map(({ token, type }, index) => ({
    token_hash: base64HashOf(token),
    token_type: type,
    label: leakLabel(results[index]?.status ?? "unconfirmed"),
  }));
  return exactly(GithubAnswerSchema, answers);
}

function base64HashOf(token: string): string {
  return Buffer.from(hashKey(token)).toString("base64");
}

function describe(app: OpenAPIHono<ControlEnv>): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "githubSignature", {
    type: "apiKey",
    in: "header",
    name: "Github-Public-Key-Signature",
    description: "ECDSA P-256 with SHA-256 over the raw body, base64 of DER, by a key of GitHub's list.",
  });
  app.openAPIRegistry.registerPath({
    method: "post",
    path: PATH,
    operationId: "reportGithubLeaks",
    summary: "Take a report of GitHub's secret scanning: revoke the keys in it",
    tags: ["Operators"],
    security: [{ githubSignature: [] }],
    request: {
      headers: z.object({ "Github-Public-Key-Identifier": z.string() }),
      body: { required: true, content: { "application/json": { schema: GithubReport } } },
    },
    responses: describeResponses(
      { 200: { description: "What each token is, in the same order.", schema: GithubAnswerSchema } },
      [
        "signature_invalid",
        "too_many_failures",
        "invalid_request",
        "invalid_value",
        "method_not_allowed",
        "payload_too_large",
        "unsupported_media_type",
        "internal_error",
        "identity_provider_unavailable",
        "admission_unavailable",
      ],
    ),
  });
}
