import type { FC } from "hono/jsx";
import { Choices, FieldGroup, TextArea } from "../parts/fields.tsx";
import type { KnownVaults } from "./known.ts";
import type { Owner } from "./owner.ts";
import type { Preview } from "./preview.ts";
import { UnknownVaults } from "./unknown-vault-text.tsx";
import type { KeyForm } from "./values.ts";

interface Props {
  form: KeyForm;
  owner: Owner;
  /** Ids to choose from where the owner may use any vault. */
  known: KnownVaults | null;
  unknown: Preview["unknownVaults"];
  problem: string | undefined;
}

/** A list that is longer has a field to narrow it by. */
const MANY = 12;

/** Every vault that the owner may use, or some: ticked where they are known, and typed. */
export const VaultPicker: FC<Props> = ({ form, owner, known, unknown, problem }) => (
  <FieldGroup name="vaults" title="Vaults" problem={problem}>
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
          <Any known={known} form={form} />
        )}
      </div>
    </div>
    <UnknownVaults vaults={unknown} class="when-some" />
  </FieldGroup>
);

const Owned: FC<{ owned: readonly string[]; form: KeyForm }> = ({ owned, form }) => (
  <>
    {owned.length === 0 && <p class="warn">The owner does not have the Developer role on any vault.</p>}
    <Ticks known={owned} ticked={form.vaults} />
  </>
);

/** What was typed stays as it was typed. */
const Any: FC<{ known: Props["known"]; form: KeyForm }> = ({ known, form: { vaults, vaultIds } }) => {
  const { inUse, unproven } = known ?? { inUse: [], unproven: [] };
  const ticked = (offered: readonly string[]) =>
    vaults.filter((id) => offered.includes(id) && !vaultIds.includes(id));
  const typed = vaults.filter(
    (id) => vaultIds.includes(id) || !(inUse.includes(id) || unproven.includes(id)),
  );
  const isFirst = inUse.length + unproven.length === 0;
  return (
    <>
      {inUse.length > 0 && <Ticks known={inUse} ticked={ticked(inUse)} />}
      {unproven.length > 0 && (
        <details class="unproven" open={ticked(unproven).length > 0}>
          <summary>Named only by keys that were never used ({unproven.length})</summary>
          <Ticks
            known={unproven}
            ticked={ticked(unproven)}
            id="unproven-ticks"
            label="Vaults of unused keys"
          />
        </details>
      )}
      <TextArea
        name="vaultIds"
        label={isFirst ? "Vault ids" : "Other vault ids"}
        hint="One on each line."
        rows={3}
        code
        {...(isFirst && { placeholder: "vault_3f8a2c1d9b" })}
        value={typed.join("\n")}
      />
    </>
  );
};

/** A vault that the key names and its owner may not use any more can only be taken away. */
const Ticks: FC<{ known: readonly string[]; ticked: readonly string[]; id?: string; label?: string }> = ({
  known,
  ticked,
  id = "vault-ticks",
  label = "Vaults",
}) => {
  const [isKnown, isTicked] = [new Set(known), new Set(ticked)];
  const vaults = [...isKnown.union(isTicked)];
  return (
    <>
      {vaults.length > MANY && <NarrowTicks count={vaults.length} list={id} />}
      <div class="choices ticks" role="group" aria-label={label} id={id}>
        {vaults.map((vault) => (
          <label>
            <input type="checkbox" name="vault" value={vault} checked={isTicked.has(vault)} />
            <span>
              <code>{vault}</code>
              {!isKnown.has(vault) && <small class="warn">The owner may not use it.</small>}
            </span>
          </label>
        ))}
      </div>
    </>
  );
};

/** Without scripts the list is whole. The field has no name: it is not sent. */
const NarrowTicks: FC<{ count: number; list: string }> = ({ count, list }) => (
  <div class="narrow">
    <input
      type="search"
      placeholder={`Find one of ${count} vaults`}
      aria-label="Find a vault"
      aria-controls={list}
      autocomplete="off"
      spellcheck={false}
      data-narrows={list}
    />
    <small role="status" data-narrowed="" />
  </div>
);
