import type { FC } from "hono/jsx";
import { Icon } from "../parts/icons.tsx";
import type { UnknownVault } from "./unknown-vaults.ts";

/** What is said of a vault id that may be mistyped. */
export const UnknownVaultText: FC<{ vault: UnknownVault }> = ({ vault: { id, almost } }) => (
  <span>
    No key or role names <code>{id}</code> yet.{" "}
    {almost === null ? (
      "Check that it exists."
    ) : (
      <>
        Did you mean <code>{almost}</code>?
      </>
    )}
  </span>
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
