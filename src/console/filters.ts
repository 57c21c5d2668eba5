import type { MiddlewareHandler } from "hono";
import { PLAIN_SEGMENT } from "../core/policy/scope.ts";
import type { ConsoleEnv } from "./context.ts";
import { unreadableFilterPage, type FilterProblem } from "./pages/error-pages.tsx";

/** Letters of a text that a list is narrowed by. */
const MAX_FILTER = 200;

/** The form of date and time fields; taken as UTC. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/;

interface Filter {
  readonly label: string;
  readonly problem: (value: string) => string | null;
}

const tooLong = (value: string) =>
  value.length > MAX_FILTER
    ? `has ${value.length} characters, and at most ${MAX_FILTER} are searched for`
    : null;
const text = (label: string): Filter => ({ label, problem: tooLong });
const moment = (label: string): Filter => ({
  label,
  problem: (value) =>
    MOMENT.test(value) && !Number.isNaN(Date.parse(`${value}:00Z`))
      ? null
      : "is no date and time such as 2026-01-31T09:00",
});

/** What lists are narrowed by, besides what there is to choose from. */
const FILTERS: Readonly<Record<string, Filter>> = {
  q: text("Search"),
  owner: text("Owner"),
  ownerName: text("Owner’s name"),
  vault: {
    label: "Vault",
    problem: (value) =>
      tooLong(value) ??
      (PLAIN_SEGMENT.test(value) ? null : "is not the id of a vault, such as vault_3f8a2c1d9b"),
  },
  actor: text("By"),
  target: text("On"),
  action: text("Event"),
  from: moment("From"),
  to: moment("Before"),
};

/** What is wrong with filters; one that is empty is none. */
export function filterProblems(given: Readonly<Record<string, string | undefined>>): FilterProblem[] {
  return Object.entries(FILTERS).flatMap(([name, { label, problem }]) => {
    const value = given[name]?.trim() ?? "";
    const found = value === "" ? null : problem(value);
    return found === null ? [] : [{ name, label, problem: found }];
  });
}

/** Refuses a filter that cannot be read: left out, it would show more than was asked for. */
export const readableFilters: MiddlewareHandler<ConsoleEnv> = async (c, next) => {
  const query = c.req.query();
  const problems = filterProblems(query);
  return problems.length === 0 ? next() : unreadableFilterPage(c, problems, { path: c.req.path, query });
};
