import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const ROOT = new URL("../..", import.meta.url).pathname;

/** Projects in the order of their longest files; the short ones of the last fill the end. */
const PROJECTS = ["http", "browser", "workerd"];

/** Files that take long, each project's longest first. One that begins late would run alone at the end. */
const LONG_FILES: readonly string[] = [
  "test/deploy/deploy.test.ts",
  "test/demo/start.test.ts",
  "test/promise/crash.test.ts",
  "test/promise/upgrade.test.ts",
  "test/promise/protocol/model.test.ts",
  "test/promise/identity-providers.test.ts",
  "test/promise/version-skew.test.ts",
  "test/promise/protocol/exhaustive.test.ts",
  "test/regular-expressions.test.ts",
  "test/promise/scim-cutoff.test.ts",
  "test/promise/kv-faults.test.ts",
  "test/demo/runtime.test.ts",
  "test/admission/simulation.test.ts",
  "test/ops/questions.test.ts",
  "test/promise/rate-limit.test.ts",
  "test/console/routes.test.ts",
  "test/control/find-keys.test.ts",
  "test/promise/imported-keys.test.ts",
  "test/control/ops-revocations.test.ts",
  "test/promise/torture/torture.test.ts",
  "test/soak/soak.test.ts",
  "test/console/browser/admin-lists.test.ts",
  "test/console/browser/create-key.test.ts",
  "test/console/browser/find-and-cut.test.ts",
  "test/console/browser/pages.test.ts",
  "test/console/browser/service-users.test.ts",
  "test/console/browser/end-key.test.ts",
  "test/console/browser/organization.test.ts",
];

/** Begins with the files that take longest. Files of a project stay together, since they share workers. */
export class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => projectOf(a) - projectOf(b) || placeOf(a) - placeOf(b)));
  }
}

function projectOf({ project }: TestSpecification): number {
  return PROJECTS.indexOf(project.name);
}

function placeOf({ moduleId }: TestSpecification): number {
  const place = LONG_FILES.indexOf(relative(ROOT, moduleId));
  return place === -1 ? LONG_FILES.length : place;
}
