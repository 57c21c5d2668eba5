import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const root = new URL("..", import.meta.url).pathname;

/** `workerd`: tests inside the runtime. `http`: tests that start whole runtimes and talk to them over sockets. */
export default defineConfig({
  test: {
    // On a busy machine a socket or a clock may let a test down; one that fails three times has found a fault.
    retry: 2,
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
            "test/{api,gateway,control,console,cli,promise,demo,deploy,docs}/**/*.test.ts",
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
