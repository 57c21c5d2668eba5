import { z } from "@hono/zod-openapi";
import { MAX_SCOPES, MAX_VAULTS } from "../core/key/grant-limits.ts";
import type { KeyStatus } from "../core/key/key-record.ts";
import { KEY_SORTS } from "../core/organization/managed-key.ts";
import { ACTIONS, PLAIN_SEGMENT } from "../core/policy/scope.ts";
import { Limit, Name, pageOf, Timestamp, type Wire } from "./common.ts";
import { ReceiptSchema } from "./receipt.ts";

export const MAX_RANGES = 200;

export const KEY_STATUSES = ["active", "disabled", "expired", "revoked"] as const satisfies KeyStatus[];

const Scope = z
  .object({ action: z.enum(ACTIONS), resource: z.string() })
  .openapi("Scope", { example: { action: "read", resource: "vault/#/balance" } });

/** The types are checked here, what they say by the API's own document. */
const ScopeInput = z.union(
  [
    z.string().openapi({ example: "vault:read" }),
    z.strictObject({
      action: z.string().openapi({ enum: [...ACTIONS] }),
      resource: z.string().openapi({ example: "vault/#/balance" }),
    }),
  ],
  "must be <filter>:<action>, or an object of action and resource",
);

const wholeNumber = (max: number) =>
  z.int("Must be a whole number").min(1, "Must be at least 1").max(max, `Must be at most ${max}`);

const RateLimit = z.strictObject({
  requests: wholeNumber(1_000_000_000),
  windowSeconds: wholeNumber(2_678_400),
});

const Scopes = z
  .array(ScopeInput)
  .min(1, "Must name at least one scope")
  .max(MAX_SCOPES, `Must name at most ${MAX_SCOPES} scopes`);
const Description = z.string().max(500, "Must have at most 500 characters").nullable();
export const Vaults = z.union(
  [
    z.literal("*"),
    z
      .array(z.string())
      .min(1, "Must name at least one vault")
      .max(MAX_VAULTS, `Must name at most ${MAX_VAULTS} vaults`),
  ],
  'must be a list of vault ids, or "*"',
);
const AllowedIps = z
  .array(z.string())
  .max(MAX_RANGES, `Must hold at most ${MAX_RANGES} addresses and ranges`)
  .openapi({ example: ["203.0.113.0/24", "2001:db8::/32"] });
const ExpiresIn = z.string().nullable().openapi({ example: "30d" });
const ExpiresAt = z.string().nullable().openapi({ format: "date-time" });

export const KeyCreation = z
  .strictObject({
    name: Name,
    description: Description.optional(),
    scopes: Scopes,
    vaults: Vaults.optional(),
    allowedIps: AllowedIps.optional(),
    expiresIn: ExpiresIn.optional(),
    expiresAt: ExpiresAt.optional(),
    ownerId: z.string().optional(),
    rateLimit: RateLimit.nullable().optional(),
  })
  .openapi("KeyCreation");

/** The same where the API has vaults. */
export const KeyCreationInVaults = KeyCreation.extend({ vaults: Vaults }).openapi("KeyCreation");

export const KeyUpdate = z
  .strictObject({
    name: Name,
    description: Description,
    scopes: Scopes,
    vaults: Vaults,
    allowedIps: AllowedIps,
    expiresIn: ExpiresIn,
    expiresAt: ExpiresAt,
    disabled: z.boolean(),
    rateLimit: RateLimit.nullable(),
  })
  .partial()
  .openapi("KeyUpdate");

export const KeyRotation = z
  .strictObject({
    overlap: z
      .union([z.string(), z.literal(0)], "Must be 0 or a duration like 24h")
      .optional()
      .openapi({ default: "24h", description: "How long the old key goes on working; 0: not at all." }),
  })
  .optional()
  .openapi("KeyRotation");

export const KeyParams = z.strictObject({ id: z.string().openapi({ example: "key_3fA9xKq20LmZ" }) });

/** A time of a query, as milliseconds since the epoch. */
const Time = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .openapi({ type: "string", format: "date-time" });
const Flag = z
  .enum(["true", "false"])
  .transform((text) => text === "true")
  .openapi({ type: "boolean" });

export const KeyListQuery = z.strictObject({
  status: z.enum([...KEY_STATUSES, "all"]).default("active"),
  q: z.string().optional().openapi({
    description: "Part of the name, letter case and spaces aside, or how the id or the `keyPrefix` begins.",
  }),
  owner: z.string().optional().openapi({ description: "An owner's id, or `*` for everybody's (admins)." }),
  ownerName: z.string().optional().openapi({ description: "Part of the owner's name." }),
  ownerKind: z
    .enum(["user", "service"])
    .optional()
    .openapi({ description: "Only keys of people, or only those of service users." }),
  expiresBefore: Time.optional().openapi({
    description: "Keys that end by then: they expire, or were rotated and retire.",
  }),
  unusedSince: Time.optional().openapi({ description: "Keys that were never used are among them." }),
  anyAddress: Flag.optional().openapi({ description: "Whether the key may be used from any address." }),
  noExpiry: Flag.optional(),
  vault: z.string().regex(PLAIN_SEGMENT, "Must be the id of a vault").optional().openapi({
    description:
      "Only keys that can see this vault now: their owner may use it, their `vaults` name it or are `*`, and a scope of theirs reaches it. A key whose `vaults` are `*` is among them whenever its owner may use the vault.",
  }),
  sort: z
    .enum([...KEY_SORTS, "endsAt" as const].flatMap((by) => [by, `-${by}`] as const))
    .default("-createdAt")
    .openapi({
      description:
        "`-` in front: the largest first. What has no value comes last. `endsAt` is the earlier of `expiresAt` and `retiresAt`; a revoked key has none.",
    }),
  limit: Limit,
  nextCursor: z.string().optional(),
});

/** The one request that holds a whole key: in its body, since URLs are written to logs. */
export const KeySearch = z
  .strictObject({
    key: z.string().optional().openapi({ description: "A whole key." }),
    hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "Must be a SHA-256 in lower-case hex")
      .optional()
      .openapi({ description: "Its SHA-256 in its place, for a caller that will not send it." }),
  })
  .superRefine(({ key, hash }, context) => {
    const message = "Must hold a whole key, or its hash in its place";
    if (key === undefined && hash === undefined) {
      context.addIssue({
        code: "invalid_type",
        expected: "string",
        input: undefined,
        path: ["key"],
        message,
      });
    }
    if (key !== undefined && hash !== undefined) {
      context.addIssue({ code: "custom", path: ["key"], message });
    }
  })
  .openapi("KeySearch");

/** A key as it is shown to people and programs: no secret, no hash. */
export const KeySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    keyPrefix: z.string(),
    scopes: z.array(Scope),
    vaults: z.union([z.literal("*"), z.array(z.string())]),
    allowedIps: z.array(z.string()),
    rateLimit: RateLimit.nullable(),
    status: z.enum(KEY_STATUSES),
    disabled: z.boolean(),
    version: z.int(),
    owner: z.object({ id: z.string(), kind: z.enum(["user", "service"]), name: z.string() }),
    createdAt: Timestamp,
    createdBy: z.string(),
    expiresAt: Timestamp.nullable(),
    lastUsedAt: Timestamp.nullable().openapi({
      description:
        "The last request that reached the origin, as far as its guard has told: about once a minute, and whenever the usage of the key is read.",
    }),
    lastUsedIp: z.string().nullable(),
    lastRefusedAt: Timestamp.nullable().openapi({
      description: "The last request that the gateway refused; as current as `lastUsedAt`.",
    }),
    lastRefusedIp: z.string().nullable(),
    revokedAt: Timestamp.nullable(),
    revokedBy: z.string().nullable(),
    revocationReason: z.string().nullable(),
    retiresAt: Timestamp.nullable().openapi({
      description: "When a key that was rotated is revoked by itself.",
    }),
    successorId: z.string().nullable().openapi({ description: "The key that it was rotated to." }),
    predecessorId: z.string().nullable().openapi({ description: "The key that it was rotated from." }),
    reachesNothing: z.literal(true).optional().openapi({
      description:
        "Told of a key that is active or disabled and that no operation of the API would let through, by its settings and by what its owner may do now.",
    }),
  })
  .openapi("Key");
export type Key = Wire<typeof KeySchema>;

/** A new key, in the only answer that holds its secret. */
export const CreatedKeySchema = z
  .object({
    key: z.string().openapi({ description: "The whole key. It is shown this once and kept nowhere." }),
    ...KeySchema.shape,
  })
  .openapi("CreatedKey");
export type CreatedKey = Wire<typeof CreatedKeySchema>;

export const KeyList = pageOf(KeySchema, "KeyList");

export const KeyDetailsSchema = KeySchema.extend({
  receipt: ReceiptSchema.optional().openapi({
    description: "Of a revoked key: that it is dead, and since when.",
  }),
}).openapi("KeyDetails");
export type KeyDetails = Wire<typeof KeyDetailsSchema>;
