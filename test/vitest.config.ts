import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const root = new URL("..", import.meta.url).pathname;

/** A busy machine is slow; tests only wait so long for what never comes. */
const overSockets = { testTimeout: 60_000, hookTimeout: 60_000 };

/**
 * `workerd`: tests inside the runtime. `http`: tests over sockets. `console`: those that look at pages, most of them in a
 * browser; they alone are tried again.
 */
export default defineConfig({
  test: {
    // Most of a test's time is waiting: for leases, sockets, processes.
    maxWorkers: 3,
    globalSetup: [`${root}test/support/build-bundle.ts`],
    projects: [
      {
        root,
        plugins: [cloudflareTest({ wrangler: { configPath: `${root}wrangler.toml` } })],
        test: {
          name: "workerd",
          testTimeout: 30_000,
          include: ["test/settings.test.ts", "test/{core,state,admission}/**/*.test.ts"],
          exclude: ["test/admission/simulation.test.ts"],
        },
      },
      {
        root,
        test: {
          ...overSockets,
          name: "http",
          include: [
            "test/*.test.ts",
            "test/admission/simulation.test.ts",
            "test/{api,gateway,control,cli,promise,demo,deploy,docs,ops,soak}/**/*.test.ts",
          ],
          exclude: ["test/settings.test.ts"],
        },
      },
      {
        root,
        test: {
          ...overSockets,
          name: "console",
          include: ["test/console/**/*.test.ts"],
          // On a busy machine a browser may let a test down; one that fails three times has found a fault.
          retry: 2,
        },
      },
    ],
  },
});
