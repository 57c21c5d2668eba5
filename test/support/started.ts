import { afterAll } from "vitest";
import { within } from "../../src/core/concurrency.ts";
import { startControl, type Control } from "./control.ts";
import { startPortcullis, type Portcullis, type PortcullisOptions } from "./portcullis.ts";

/** A busy machine is slow; no start takes as long. */
const START_TIMEOUT_MS = 180_000;

/** The product for the tests of a file, which is stopped after them; to be called at the top of the file. */
export function usePortcullis(options?: PortcullisOptions): Promise<Portcullis> {
  return stoppedAfterTests(startPortcullis(options));
}

/** The same with the people and the checks for tests of the control API. */
export function useControl(options?: PortcullisOptions): Promise<Control> {
  return stoppedAfterTests(startControl(options));
}

async function stoppedAfterTests<T extends Portcullis>(starting: Promise<T>): Promise<T> {
  const started = await within(START_TIMEOUT_MS, starting);
  afterAll(() => started.stop());
  return started;
}
