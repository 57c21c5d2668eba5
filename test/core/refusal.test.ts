import { expect, test } from "vitest";
import { REFUSALS } from "../../src/core/refusal.ts";
test("x", () => expect(REFUSALS.not_found.status).toBe(404));
