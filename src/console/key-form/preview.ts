import { breadthOf, compileAllowlist, parseRange } from "../../core/ip-allowlist.ts";
import { reachOf, type Reach } from "../../core/reach.ts";
import { formatScope } from "../../core/scope.ts";
import type { Console } from "../context.ts";
import type { Owner } from "./owner.ts";
import { knownScope, scopeOf } from "./scope-rows.ts";
import { bodyOf, wordsOf, type KeyForm } from "./values.ts";

/** What would follow from a form as it is filled in now, by the rules that the gateway and the control API go by. */
export interface Preview {
  readonly reach: Reach;
  /** For each row of the scopes. */
  readonly scopes: readonly { readonly text: string; readonly problem: string | null }[];
  readonly addresses: readonly AddressCheck[];
  /** Whether whoever fills in the form could use the key from where they are; `null` where nothing is restricted. */
  readonly ownAddress: boolean | null;
}

export interface AddressCheck {
  readonly text: string;
  /** As it will be kept; `null` where there is a problem. */
  readonly canonical: string | null;
  readonly problem: string | null;
  readonly breadth: ReturnType<typeof breadthOf>;
}

export function previewOf(form: KeyForm, owner: Owner, policy: Console["policy"], address: string): Preview {
  const scopes = form.scopes.map((row) => {
    const scope = knownScope(row);
    const problem = scope === null ? "There is no such action" : policy.checkScope(scope);
    return {
      text: formatScope((scope ?? scopeOf(row)) as Parameters<typeof formatScope>[0]),
      problem,
      scope,
    };
  });
  const good = scopes.flatMap(({ scope, problem }) => (scope !== null && problem === null ? [scope] : []));
  const addresses = wordsOf(form.addresses).map(checkAddress);
  const ranges = addresses.flatMap(({ canonical }) => canonical ?? []);
  return {
    reach: reachOf(
      { scopes: good, vaults: bodyOf(form).vaults, ownerVaults: owner.vaults ?? "*" },
      policy.operations,
    ),
    scopes,
    addresses,
    ownAddress: ranges.length === 0 ? null : compileAllowlist(ranges)(address),
  };
}

function checkAddress(text: string): AddressCheck {
  const range = parseRange(text);
  if ("problem" in range) return { text, canonical: null, problem: range.problem, breadth: null };
  return { text, canonical: range.canonical, problem: null, breadth: breadthOf(range.canonical) };
}
