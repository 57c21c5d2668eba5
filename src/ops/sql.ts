import { COLUMNS } from "../core/usage/metrics.ts";

/** What a question is narrowed by. */
export interface Scope {
  readonly dataset: string;
  /** How far back it looks, in minutes. */
  readonly minutes: number;
  readonly orgId: string | null;
  readonly keyId: string | null;
}

const DATASET = /^[A-Za-z_]\w{0,99}$/;
/** Ids as providers and this product give them: nothing that could end a text in SQL. */
const ID = /^[\w.:@|/+=-]{1,200}$/;

/** Whether a name can be a dataset's, as Analytics Engine takes it. */
export const isDataset = (text: string): boolean => DATASET.test(text);

/** Whether a text can stand in a query as an id. */
export const isId = (text: string): boolean => ID.test(text);

/** Analytics Engine's names of the columns, for queries. */
export const c = COLUMNS;

/** Points may stand for several, where the dataset was sampled. */
export const REQUESTS = "sum(_sample_interval)";

/** Requests of which a condition holds. */
export const requestsIf = (condition: string): string => `sumIf(_sample_interval, ${condition})`;

/** Requests that the origin was asked for. */
export const FORWARDED = `${c.outcome} IN ('succeeded', 'clientErrors', 'originErrors')`;

/** A value that so great a share of the points does not exceed. */
export const quantile = (share: number, column: string): string =>
  `quantileExactWeighted(${share})(${column}, _sample_interval)`;

/** The rows of the points that a question is about. */
export function from(scope: Scope, kinds: readonly string[], condition = ""): string {
  const { dataset, minutes, orgId, keyId } = scope;
  const conditions = [
    `timestamp > NOW() - INTERVAL '${minutes}' MINUTE`,
    kinds.length === 1
      ? `${c.kind} = '${kinds[0]}'`
      : `${c.kind} IN (${kinds.map((kind) => `'${kind}'`).join(", ")})`,
    ...(orgId === null ? [] : [`${c.orgId} = '${orgId}'`]),
    ...(keyId === null ? [] : [`${c.keyId} = '${keyId}'`]),
    ...(condition === "" ? [] : [condition]),
  ];
  return `FROM ${dataset}\nWHERE ${conditions.join("\n  AND ")}`;
}
