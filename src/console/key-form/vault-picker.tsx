import type { FC } from "hono/jsx";
import { Choices, FieldGroup, TextArea } from "../parts/fields.tsx";
import { Icon } from "../parts/icons.tsx";
import type { Owner } from "./owner.ts";
import type { Preview } from "./preview.ts";
import type { KeyForm } from "./values.ts";

interface Props {
  form: KeyForm;
  owner: Owner;
  /** Ids to choose from where the owner may use any vault. */
  known: readonly string[];
  unknown: Preview["unknownVaults"];
  problem: string | undefined;
}

/** More ids than a person looks through are not offered. */
const MAX_OFFERED = 200;

/** Every vault that the owner may use, or some: ticked where they are known, and typed. */
export const VaultPicker: FC<Props> = ({ form, owner, known, unknown, problem }) => (
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
                Also vaults that {owner.id === "" ? "you get" : `${owner.name} gets`} a role on later.
              </span>
            ),
          },
        ]}
      />
      <div class="when-some">
        {owner.vaults !== "*" && owner.vaults !== null ? (
          <Owned owned={owner.vaults} form={form} />
        ) : (
          <Any offered={known.slice(0, MAX_OFFERED)} form={form} />
        )}
      </div>
    </div>
    <ul id="vault-checks" class="checks when-some" data-swap="" aria-live="polite">
      {unknown.map(({ id, almost }) => (
        <li class="warn">
          <Icon name="alert" />
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
        </li>
      ))}
    </ul>
  </FieldGroup>
);

const Owned: FC<{ owned: readonly string[]; form: KeyForm }> = ({ owned, form }) => (
  <>
    {owned.length === 0 && <p class="warn">The owner does not have the Developer role on any vault.</p>}
    <Ticks known={owned} ticked={form.vaults} />
  </>
);

/** What was typed stays as it was typed. */
const Any: FC<{ offered: readonly string[]; form: KeyForm }> = ({ offered, form: { vaults, vaultIds } }) => {
  const ticked = vaults.filter((id) => offered.includes(id) && !vaultIds.includes(id));
  return (
    <>
      {offered.length > 0 && <Ticks known={offered} ticked={ticked} />}
      <TextArea
        name="vaultIds"
        label={offered.length > 0 ? "Other vault ids" : "Vault ids"}
        hint="One on each line."
        rows={3}
        code
        placeholder="vault_3f8a2c1d9b"
        value={vaults.filter((id) => !ticked.includes(id)).join("\n")}
      />
    </>
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
