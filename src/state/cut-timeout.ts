import { config } from "../config.ts";
import { cutTimeout } from "../core/cut-timeout.ts";

/** How long the objects wait for a guard to confirm a change, in milliseconds. */
export const CUT_TIMEOUT_MS = cutTimeout(config);
