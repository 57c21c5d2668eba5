import { execFileSync } from "node:child_process";
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { StartError } from "./start-error.ts";
import { messageOf, systemCodeOf } from "../core/thrown.ts";

/**
 * Ties a runtime to the process that started it, and a state directory to one such process at a time. It is a named pipe
 * that the process holds open, so nobody has to clean up: the system closes it, however the process ends.
 */
export interface Lifeline {
  /** The pipe, for `workerd.sh`. */
  readonly path: string;
  /** Lets go; a runtime that is still there ends. */
  release(): void;
}

/** A runtime that has just lost its launcher needs a moment to notice. */
const PATIENCE_MS = 2000;
const ATTEMPT_EVERY_MS = 50;

/** Takes a state directory; throws a {@link StartError} while another runtime uses it, or if nothing can be written there. */
export async function takeLifeline(stateDir: string): Promise<Lifeline> {
  const path = join(stateDir, "lifeline");
  try {
    mkdirSync(stateDir, { recursive: true });
    accessSync(stateDir, constants.W_OK);
    if (!existsSync(path)) execFileSync("mkfifo", ["-m", "600", path], { stdio: "ignore" });
  } catch (error) {
    throw new StartError(`STATE_DIR ${stateDir} cannot be used (${systemCodeOf(error) ?? messageOf(error)})`);
  }
  for (const deadline = Date.now() + PATIENCE_MS; isHeld(path); await setTimeout(ATTEMPT_EVERY_MS)) {
    if (Date.now() > deadline) throw new StartError(`STATE_DIR ${stateDir} is in use by another Portcullis`);
  }
  // For reading as well, or opening would wait for a reader.
  const held = openSync(path, constants.O_RDWR);
  return { path, release: () => closeSync(held) };
}

/** The holder of a lifeline keeps it open for reading; a pipe without readers cannot be opened for writing at once. */
function isHeld(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if (systemCodeOf(error) === "ENXIO") return false;
    throw error;
  }
}
