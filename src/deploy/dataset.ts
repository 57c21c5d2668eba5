import type { Target } from "./configuration.ts";
import { isMadeUp } from "./placeholder.ts";

const BINDING = "METRICS";
/** How Cloudflare says that the account has never used Analytics Engine. */
const NOT_ENABLED = /\[code: 10089\]|enable Analytics Engine/i;
const NAME = /^[A-Za-z_]\w{0,99}$/;

/** The dataset that data points go to; `null` when none is bound. */
export function datasetOf(target: Target): string | null {
  const bound = target.analytics_engine_datasets.find(({ binding }) => binding === BINDING);
  return bound === undefined ? null : (bound.dataset ?? BINDING);
}

/** What is wrong with the dataset that is bound. */
export function datasetProblems(target: Target): string[] {
  const dataset = datasetOf(target);
  if (dataset === null || (NAME.test(dataset) && !isMadeUp(dataset))) return [];
  return [`${BINDING}: ${JSON.stringify(dataset)} is no name of a dataset`];
}

/** Names the dataset of the deployment's data points. The first point creates it. */
export function datasetNotice(target: Target): string {
  const dataset = datasetOf(target);
  return dataset === null
    ? `No dataset is bound as ${BINDING}: there will be no metrics, and \`npm run ops -- ask\` has no answers\n`
    : `Metrics go to the dataset ${dataset}, which the first request makes if it is not there\n`;
}

/** What to do about a deployment that failed, where the dataset is why. */
export function datasetHint(said: string): string[] {
  return NOT_ENABLED.test(said)
    ? [
        `${BINDING}: enable Analytics Engine for the account once (dashboard: Storage & databases, Analytics Engine), or take the dataset out of the section`,
      ]
    : [];
}
