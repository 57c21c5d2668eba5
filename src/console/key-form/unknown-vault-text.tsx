import type { FC } from "hono/jsx";
import { Icon } from "../parts/icons.tsx";
import { Codes } from "../parts/many.tsx";
import type { UnknownVault } from "./unknown-vaults.ts";

/** What is said of a vault id that may be mistyped. */
export const UnknownVaultText: FC<{ vault: UnknownVault }> = ({ vault: { id, isNamed, almost } }) => (
  <span>
    {isNamed ? "Only keys that were never used name" : "No key or role names"} <code>{id}</code>
    {!isNamed && " yet"}.{" "}
    {almost === null ? (
      "Check that it exists."
    ) : (
      <>
        Did you mean <code>{almost}</code>?
      </>
    )}
  </span>
);

/** Ids that are not offered as those in use are, since they may be mistyped. */
export const UnprovenVaults: FC<{ ids: readonly string[] }> = ({ ids }) =>
  ids.length === 0 ? null : (
    <div class="known soft">
      Named only by keys that were never used: <Codes items={ids} />
    </div>
  );

/** The same of several, below the field that they are written in. */
export const UnknownVaults: FC<{ vaults: readonly UnknownVault[]; class?: string }> = ({
  vaults,
  class: className = "",
}) => (
  <ul id="vault-checks" class={`checks ${className}`} data-swap="" aria-live="polite">
    {vaults.map((vault) => (
      <li class="warn">
        <Icon name="alert" />
        <UnknownVaultText vault={vault} />
      </li>
    ))}
  </ul>
);
