import { MAX_RANGES } from "../../api-types/keys.ts";
import { MAX_VAULTS } from "../../core/key/grant-limits.ts";
import { isRefusal, problemOf } from "../../core/refusal.ts";
import { allowlistCovers, breadthOf, compileAllowlist, parseRange } from "../../core/key/ip-allowlist.ts";
import { effectiveAccessOf, type EffectiveAccess } from "../../core/access/effective-access.ts";
import type { VaultSet } from "../../core/key/key-record.ts";
import { VAULT } from "../../core/policy/resource-types.ts";
import { formatScope, PLAIN_SEGMENT } from "../../core/policy/scope.ts";
import type { Console } from "../context.ts";
import type { KnownVaults } from "./known.ts";
import type { Owner } from "./owner.ts";
import { knownScope, scopeOf, type ScopeRow } from "./scope-rows.ts";
import { unknownAmong, type UnknownVault } from "./unknown-vaults.ts";
import { bodyOf, wordsOf, type KeyForm } from "./values.ts";

/** What would follow from a form as it is filled in now, by the rules that the gateway and the control API go by. */
export interface Preview {
  readonly reach: EffectiveAccess;
  /** For each row of the scopes. */
  readonly scopes: readonly {
    readonly text: string;
    readonly problem: string | null;
    /** The vault that it names, if that may be mistyped. */
    readonly unknownVault: UnknownVault | null;
  }[];
  /** The vaults that count: ids that can be one, and that the owner may use. */
  readonly vaults: VaultSet;
  readonly addresses: readonly AddressCheck[];
  readonly unknownVaults: readonly UnknownVault[];
  /** Whether the key would work from the address of the person who fills in the form; `null` without an allowlist. */
  readonly ownAddress: boolean | null;
}

export interface AddressCheck {
  readonly text: string;
  /** The spelling that will be kept; `null` where there is a problem. */
  readonly canonical: string | null;
  readonly problem: string | null;
  readonly breadth: ReturnType<typeof breadthOf>;
  /** Whether no address of it is used on the internet. */
  readonly isPrivate: boolean;
}

/**
 * `knownVaults`: those that roles and keys name; `null` where that is not known. More vaults and addresses than a key may
 * have are not looked at: the control API refuses them all.
 */
export function previewOf(
  form: KeyForm,
  owner: Owner,
  policy: Console["policy"],
  address: string,
  knownVaults: KnownVaults | null,
): Preview {
  const scopes = form.scopes.map((row) => {
    const scope = knownScope(row);
    const problem = scope === null ? "There is no such action" : policy.checkScope(scope);
    return {
      text: formatScope((scope ?? scopeOf(row)) as Parameters<typeof formatScope>[0]),
      problem,
      scope,
      unknownVault: problem === null ? (unknownAmong(vaultsIn(row), knownVaults)[0] ?? null) : null,
    };
  });
  const good = scopes.flatMap(({ scope, problem }) => (scope !== null && problem === null ? [scope] : []));
  const addresses = wordsOf(form.addresses).slice(0, MAX_RANGES).map(checkAddress);
  const vaults = plainVaults(bodyOf(form).vaults);
  const ranges = addresses.flatMap(({ canonical }) => canonical ?? []);
  return {
    reach: effectiveAccessOf(
      {
        scopes: good,
        vaults,
        ownerVaults: owner.vaults ?? "*",
      },
      policy.operations,
    ),
    scopes,
    vaults: vaults === "*" ? vaults : vaults.filter(ownedBy(owner)),
    unknownVaults: form.vaultChoice === "all" ? [] : unknownAmong(form.vaults, knownVaults),
    addresses,
    ownAddress: ranges.length === 0 ? null : compileAllowlist(ranges)(address),
  };
}

function plainVaults(vaults: VaultSet): VaultSet {
  return vaults === "*" ? vaults : vaults.filter((id) => PLAIN_SEGMENT.test(id)).slice(0, MAX_VAULTS);
}

function ownedBy({ vaults }: Owner): (id: string) => boolean {
  if (vaults === null || vaults === "*") return () => true;
  const owned = new Set(vaults);
  return (id) => owned.has(id);
}

/** The vault that a scope is about, if it names one. */
function vaultsIn({ type, segments: [id = ""] }: ScopeRow): string[] {
  return type === VAULT && id !== "" && id !== "#" ? [id] : [];
}

/** Addresses that no request from the internet has (RFC 6890); those of this machine serve local trials. */
const PRIVATE = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "fc00::/7",
  "fe80::/10",
];

function checkAddress(text: string): AddressCheck {
  const range = parseRange(text);
  if (isRefusal(range))
    return { text, canonical: null, problem: problemOf(range), breadth: null, isPrivate: false };
  const isPrivate = allowlistCovers(PRIVATE, [range]);
  return { text, canonical: range, problem: null, breadth: breadthOf(range), isPrivate };
}
