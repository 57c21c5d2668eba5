import { VAULT, type ResourceTypes } from "../../core/policy/resource-types.ts";
import { EVERYTHING, type ScopeRow } from "./scope-rows.ts";
import type { KeyForm } from "./values.ts";

/** A start for a key that many people want, to be gone on with. */
export interface Template {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly values: Partial<KeyForm>;
}

/** The templates that an API with these types has room for. */
export function templatesFor(types: ResourceTypes): Template[] {
  const everything: ScopeRow = { action: "read", type: EVERYTHING, segments: [] };
  const view = firstView(types);
  const all: readonly (Template | null)[] = [
    {
      id: "read-all",
      title: "Read everything",
      text: "Everything that its owner may see, now and later.",
      values: { scopes: [everything], vaultChoice: "all", vaults: [] },
    },
    types.has(VAULT)
      ? {
          id: "one-vault",
          title: "One vault",
          text: "Reads all of a vault that you name.",
          values: { scopes: [{ action: "read", type: VAULT, segments: [] }], vaultChoice: "some" },
        }
      : null,
    view && {
      id: "one-view",
      title: "One view",
      text: `Reads ${view.name} and nothing else.`,
      values: { scopes: [view.scope], vaultChoice: "all", vaults: [] },
    },
    {
      id: "monitoring",
      title: "Monitoring",
      text: "Reads everything, at most 60 times a minute.",
      values: {
        scopes: [everything],
        vaultChoice: "all",
        vaults: [],
        rateRequests: "60",
        rateSeconds: "60",
      },
    },
  ];
  return all.filter((template) => template !== null);
}

/** A form with what a template says; as it is where there is no such template. */
export function fromTemplate(
  form: KeyForm,
  id: string | undefined,
  { resourceTypes }: { readonly resourceTypes: ResourceTypes },
): KeyForm {
  return { ...form, ...templatesFor(resourceTypes).find((template) => template.id === id)?.values };
}

/** The first part of a resource that has fixed values, like the balances of a vault. */
function firstView(types: ResourceTypes): { name: string; scope: ScopeRow } | null {
  for (const [type, { segments }] of types) {
    const at = segments.findIndex(({ values }) => values !== null && values.length > 0);
    const value = segments[at]?.values?.[0];
    if (value === undefined) continue;
    const filled = segments.slice(0, at + 1).map((_, i) => (i === at ? value : ""));
    return { name: `the ${value} of each ${type}`, scope: { action: "read", type, segments: filled } };
  }
  return null;
}
