import { z } from "@hono/zod-openapi";

/** ISO 8601 in UTC. */
export const Timestamp = z.iso.datetime().openapi({ example: "2026-11-20T09:30:00.000Z" });
