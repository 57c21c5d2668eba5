import { z } from "@hono/zod-openapi";
import { isWebUrl, MAX_LEAK_URL } from "../core/organization/leak.ts";
import { MAX_TARGETS } from "../core/organization/revocation.ts";
import { Timestamp, type Wire } from "./common.ts";

const Text = z.string().trim().min(1).max(200);
const CREDENTIALS = ["api_key", "access_token"] as const;
export type LeakedCredential = (typeof CREDENTIALS)[number];
const Label = z.enum(["true_positive", "false_positive"]);

export const LeakReport = z
  .strictObject({
    leaks: z
      .array(
        z.strictObject({
          token: z.string().min(1).max(16_384).openapi({
            description: "What was found; it is neither kept nor shown.",
          }),
          source: Text.optional().openapi({ description: "Who found it, or in what.", example: "Pastebin" }),
          url: z
            .string()
            .max(MAX_LEAK_URL)
            .refine(isWebUrl, "must be an http or https URL")
            .optional()
            .openapi({ description: "Where it was found.", example: "https://pastebin.example/3fA9xKq2" }),
          type: Text.optional().openapi({ description: "What the scanner takes it for." }),
        }),
      )
      .min(1)
      .max(MAX_TARGETS),
  })
  .openapi("LeakReport");

export const LeakResultSchema = z
  .object({
    index: z.int().openapi({ description: "Which leak of the request, from 0." }),
    credential: z.enum(CREDENTIALS).nullable().openapi({
      description:
        "What it is: `access_token` is one token of the key, which itself goes on; `null` when nothing.",
    }),
    keyId: z.string().nullable(),
    status: z.enum(["revoked", "unconfirmed", "not_found"]).openapi({
      description:
        "`unconfirmed`: a key is retried until it is revoked, a token is to be reported again. `not_found`: nothing of this gateway.",
    }),
    requestedAt: Timestamp.nullable(),
    effectiveAt: Timestamp.nullable().openapi({
      description: "No request that arrived later was let through, anywhere.",
    }),
    version: z.int().nullable(),
    label: Label,
  })
  .openapi("LeakResult");
export type LeakResult = Wire<typeof LeakResultSchema>;

export const LeakAnswer = z.object({ results: z.array(LeakResultSchema) }).openapi("LeakAnswer");

/** GitHub's report (secret scanning partner programme). It may come to say more. */
export const GithubReport = z
  .array(
    z.object({
      token: z.string(),
      type: z.string(),
      url: z.string().nullish(),
      source: z.string().nullish(),
    }),
  )
  .max(MAX_TARGETS)
  .openapi("GithubLeakReport");

export const GithubAnswerSchema = z
  .array(
    z.object({
      token_hash: z.string().openapi({ description: "SHA-256 of the token, base64." }),
      token_type: z.string(),
      label: Label,
    }),
  )
  .openapi("GithubLeakFeedback");
export type GithubAnswer = Wire<typeof GithubAnswerSchema>;
