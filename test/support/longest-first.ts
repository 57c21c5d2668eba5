import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const ROOT = new URL("../..", import.meta.url).pathname;

/** Projects in the order of their longest files; the short ones of the last fill the end. */
const PROJECTS = ["http", "browser", "workerd"];

/** Files that take over 15 s of a processor, longest first. One that begins late would run alone at the end. */
const LONG_FILES: readonly string[] = [];

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
