import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const root = new URL("..", import.meta.url).pathname;

/**
 * `workerd`: tests inside the runtime, never tried again. `http`: tests that start whole runtimes, browsers and processes
 * and talk to them over sockets.
 */
export default defineConfig({
  test: {
    // Most of a test's time is waiting: for leases, sockets, processes.
    maxWorkers: 3,
    projects: [
      {
        root,
        plugins: [cloudflareTest({ wrangler: { configPath: `${root}wrangler.toml` } })],
        test: {
          name: "workerd",
          globalSetup: ["test/support/build-assets.ts"],
          include: ["test/{core,state,admission}/**/*.test.ts"],
          exclude: ["test/admission/simulation.test.ts"],
        },
      },
      {
        root,
        test: {
          name: "http",
          globalSetup: ["test/support/build-bundle.ts"],
          include: [
            "test/*.test.ts",
            "test/admission/simulation.test.ts",
            "test/{api,gateway,control,console,cli,promise,demo,deploy,docs,ops}/**/*.test.ts",
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // On a busy machine a socket, a process or a browser may let a test down; one that fails three times has found a
          // fault.
          retry: 2,
        },
      },
    ],
  },
});
