import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const root = new URL("..", import.meta.url).pathname;

const overSockets = {
  globalSetup: ["test/support/build-bundle.ts"],
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

/**
 * `workerd`: tests inside the runtime. `promise`: what the product promises, over sockets, with faults and time; neither
 * is ever tried again. `http`: other tests that start whole runtimes, browsers and processes and talk to them.
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
          ...overSockets,
          name: "promise",
          include: ["test/promise/**/*.test.ts", "test/admission/simulation.test.ts"],
        },
      },
      {
        root,
        test: {
          ...overSockets,
          name: "http",
          include: ["test/*.test.ts", "test/{api,gateway,control,console,cli,demo,deploy,docs}/**/*.test.ts"],
          // On a busy machine a browser or a process may let a test down; one that fails three times has found a fault.
          retry: 2,
        },
      },
    ],
  },
});
