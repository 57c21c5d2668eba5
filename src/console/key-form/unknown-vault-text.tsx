import type { FC } from "hono/jsx";
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
