import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { experimental_readRawConfig as readRawConfig } from "wrangler";
import { z } from "zod";
import type { DeployCommand } from "./arguments.ts";

/** What wrangler publishes of the fields that it knows, for editors. */
const SCHEMA = join(
  dirname(createRequire(import.meta.url).resolve("wrangler/package.json")),
  "config-schema.json",
);
let known: z.ZodType | null = null;

/**
 * Fields that wrangler does not know, and would leave out: those at the top of the file and those of the section. What it
 * knows and cannot read, it refuses itself.
 */
export function fieldProblems({
  config,
  environment,
}: Pick<DeployCommand, "config" | "environment">): string[] {
  known ??= z.fromJSONSchema(JSON.parse(readFileSync(SCHEMA, "utf8")) as z.core.JSONSchema.JSONSchema);
  const { rawConfig } = readRawConfig({ config, env: environment }, { hideWarnings: true });
  const issues = known.safeParse(rawConfig).error?.issues ?? [];
  return issues
    .flatMap((issue) =>
      issue.code === "unrecognized_keys" ? issue.keys.map((name) => [...issue.path, name]) : [],
    )
    .filter(([first, second, ...rest]) => first !== "env" || rest.length === 0 || second === environment)
    .map((path) => `${path.join(".")}: wrangler knows no such field, and would leave it out`);
}
