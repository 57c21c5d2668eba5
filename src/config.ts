import { env } from "cloudflare:workers";
import { readConfig } from "./settings.ts";

/** The deployment's settings, read when the Worker starts: a bad one stops it there and is named. */
export const config = readConfig(env as unknown as Record<string, unknown>);
