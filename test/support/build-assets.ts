import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Builds what browsers load, which the Worker holds as text, once before the tests inside the runtime. */
export function setup(): void {
  execFileSync(process.execPath, ["src/build-console.ts"], {
    cwd: join(import.meta.dirname, "../.."),
    stdio: "pipe",
  });
}
