import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./support/longest-first.ts";

const root = new URL("..", import.meta.url).pathname;

/** A busy machine is slow; tests only wait so long for what never comes. */
const patience = { testTimeout: 180_000, hookTimeout: 180_000, expect: { poll: { timeout: 60_000 } } };
const { FUZZ_SEED, FUZZ_TIMES } = process.env;
/** What tests inside the runtime know of the environment, too. */
const known = { env: { ...(FUZZ_SEED && { FUZZ_SEED }), ...(FUZZ_TIMES && { FUZZ_TIMES }) } };
/** Files of a worker share its modules and, in the runtime, its workerd: to start anew for each costs more than its tests. */
const shared = { isolate: false };

/** `workerd`: tests inside the runtime. `http`: tests over sockets. `browser`: those in a browser. */
export default defineConfig({
  test: {
    // Most of a test's time is waiting: for leases, sockets, processes.
    maxWorkers: 3,
    globalSetup: [`${root}test/support/build-bundle.ts`],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        root,
        plugins: [cloudflareTest({ wrangler: { configPath: `${root}wrangler.toml` } })],
        test: {
          ...patience,
          ...shared,
          ...known,
          name: "workerd",
          include: ["test/settings.test.ts", "test/{core,state,admission}/**/*.test.ts"],
          exclude: ["test/admission/simulation.test.ts"],
        },
      },
      {
        root,
        test: {
          ...patience,
          ...shared,
          name: "http",
          include: [
            "test/*.test.ts",
            "test/admission/simulation.test.ts",
            "test/{api,gateway,control,console,cli,promise,demo,deploy,docs,ops,soak}/**/*.test.ts",
          ],
          exclude: ["test/settings.test.ts", "test/console/browser/**"],
          // Rules that a test has bundled are as Node runs them.
          server: { deps: { external: [/\/patched-rules-/] } },
        },
      },
      {
        root,
        test: {
          ...patience,
          ...shared,
          name: "browser",
          include: ["test/console/browser/**/*.test.ts"],
          // Chromium itself may let a test down; one that fails three times has found a fault.
          retry: 2,
        },
      },
    ],
  },
});
