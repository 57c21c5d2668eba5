import type { FC } from "hono/jsx";
import { Choices, FieldGroup, TextArea } from "../parts/fields.tsx";
import type { Owner } from "./owner.ts";
import type { KeyForm } from "./values.ts";

/** Every vault that the owner may use, or some: ticked where it is known which there are, else typed. */
export const VaultPicker: FC<{ form: KeyForm; owner: Owner; problem: string | undefined }> = ({
  form,
  owner,
  problem,
}) => {
  const known = owner.vaults === "*" || owner.vaults === null ? null : owner.vaults;
  return (
    <FieldGroup name="vaults" title="On which vaults" problem={problem}>
      <div id="vault-picker" data-swap="fields">
        <Choices
          name="vaults"
          chosen={form.vaultChoice}
          options={[
            { value: "some", label: "Only these" },
            {
              value: "all",
              label: "Every vault, now and later",
              note: (
                <span class="warn">
                  Includes every vault that {owner.id === "" ? "you" : owner.name} will be allowed to use
                  later, without another change of the key.
                </span>
              ),
            },
          ]}
        />
        <div class="when-some">
          {known?.length === 0 && <p class="warn">The owner holds the Developer role on no vault.</p>}
          {known === null ? (
            <TextArea
              name="vaultIds"
              label="Vault ids"
              hint="One on each line."
              rows={3}
              code
              placeholder="vault_3f8a2c1d9b"
              value={form.vaults.join("\n")}
            />
          ) : (
            <Ticks known={known} ticked={form.vaults} />
          )}
        </div>
      </div>
    </FieldGroup>
  );
};

/** A vault that the key names and its owner may not use any more can only be taken away. */
const Ticks: FC<{ known: readonly string[]; ticked: readonly string[] }> = ({ known, ticked }) => (
  <div class="choices ticks" role="group" aria-label="Vaults">
    {[...new Set([...known, ...ticked])].map((vault) => (
      <label>
        <input type="checkbox" name="vault" value={vault} checked={ticked.includes(vault)} />
        <span>
          <code>{vault}</code>
          {!known.includes(vault) && <small class="warn">The owner may not use it.</small>}
        </span>
      </label>
    ))}
  </div>
);
