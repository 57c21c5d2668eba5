import { execFileSync } from "node:child_process";
import { join } from "node:path";

/** Builds what the Worker holds beside its code, once before the tests inside the runtime. */
export function setup(): void {
  const cwd = join(import.meta.dirname, "../..");
  const env = { ...process.env, API_DOCUMENT: "", API_OVERLAY: "" };
  for (const step of ["src/api/build.ts", "src/build-console.ts", "src/build-docs.ts"]) {
    execFileSync(process.execPath, [step], { cwd, env, stdio: "pipe" });
  }
}
