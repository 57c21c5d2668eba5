import type { Child, FC } from "hono/jsx";
import type { ResourceType, ResourceTypes } from "../../core/policy/resource-types.ts";
import { ACTIONS } from "../../core/policy/scope.ts";
import { FieldGroup } from "../parts/fields.tsx";
import { Icon } from "../parts/icons.tsx";
import type { Preview } from "./preview.ts";
import { EVERYTHING, type ScopeRow } from "./scope-rows.ts";
import { Code } from "../parts/code.tsx";
import { UnknownVaultText } from "./unknown-vault-text.tsx";

interface Props {
  rows: readonly ScopeRow[];
  types: ResourceTypes;
  previews: Preview["scopes"];
  /** Ids to offer where one is to be typed. */
  vaults: readonly string[];
  problem: string | undefined;
  /** The row to go on with, or `rows.length` for the button that adds one. */
  focus: number | null;
}

/** Scopes, a row each: an action, and what it is allowed on, by the API's own types. */
export const ScopeBuilder: FC<Props> = ({ rows, types, previews, vaults, problem, focus }) => (
  <FieldGroup
    name="scopes"
    title="Allowed scopes"
    hint="Each scope allows an action on one kind of resource. Leave a part empty to allow any."
    problem={problem}
  >
    <div id="scope-rows" data-swap="fields">
      {rows.map((row, i) => (
        <Row
          row={row}
          i={i}
          types={types}
          preview={previews[i]}
          only={rows.length === 1}
          focus={focus === i}
        />
      ))}
      <datalist id="vault-ids">
        {vaults.map((vault) => (
          <option value={vault} />
        ))}
      </datalist>
      <button
        name="do"
        value="add-scope"
        class="secondary outline"
        data-rebuild=""
        autofocus={focus === rows.length}
      >
        <Icon name="plus" /> Add a scope
      </button>
    </div>
  </FieldGroup>
);

const Row: FC<{
  row: ScopeRow;
  i: number;
  types: ResourceTypes;
  preview: Preview["scopes"][number] | undefined;
  only: boolean;
  focus: boolean;
}> = ({ row, i, types, preview, only, focus }) => (
  <div class="scope-row" role="group" aria-label={`Scope ${i + 1}`}>
    <div class="parts">
      <Part id={`scopes.${i}.action`} label="Action">
        <select id={`scopes.${i}.action`} name={`scopes.${i}.action`} autofocus={focus}>
          {ACTIONS.map((action) => (
            <option value={action} selected={action === row.action}>
              {action === "*" ? "any action" : action}
            </option>
          ))}
        </select>
      </Part>
      <Part id={`scopes.${i}.type`} label="Of">
        <select id={`scopes.${i}.type`} name={`scopes.${i}.type`} data-rebuild="">
          {typeNames(types, row.type).map((type) => (
            <option value={type} selected={type === row.type}>
              {type === EVERYTHING ? "everything" : type}
            </option>
          ))}
        </select>
      </Part>
      <Segments row={row} i={i} type={types.get(row.type)} />
      {!only && (
        <button
          name="do"
          value={`remove-scope-${i}`}
          class="plain remove"
          data-rebuild=""
          aria-label={`Remove scope ${i + 1}`}
          title="Remove this scope"
        >
          <Icon name="trash" />
        </button>
      )}
    </div>
    <p id={`scope-${i}-result`} class="result" data-swap="" aria-live="polite">
      {preview && <Code text={preview.text} />}{" "}
      {preview?.problem && <span class="problem">{preview.problem}</span>}
      {preview?.unknownVault && (
        <span class="warn">
          <UnknownVaultText vault={preview.unknownVault} />
        </span>
      )}
    </p>
  </div>
);

const Part: FC<{ id: string; label: string; children?: Child }> = ({ id, label, children }) => (
  <div class="part">
    <label for={id}>{label}</label>
    {children}
  </div>
);

/** The types of the API, and that of the row if it is none of them any more. */
function typeNames(types: ResourceTypes, current: string): string[] {
  return [...new Set([...types.keys(), EVERYTHING, current])];
}

/** What may be written after a type. What is there already is shown even if the type has no place for it any more. */
const Segments: FC<{ row: ScopeRow; i: number; type: ResourceType | undefined }> = ({ row, i, type }) => {
  if (row.type === EVERYTHING) return <></>;
  const count = Math.max(type?.segments.length ?? 0, row.segments.length);
  return (
    <>
      {Array.from({ length: count }, (_, k) => {
        const segment = type?.segments[k];
        const value = row.segments[k] ?? "";
        const name = `scopes.${i}.segments.${k}`;
        return (
          <Part id={name} label={segment?.name ?? `Part ${k + 2}`}>
            {segment?.values ? (
              <select id={name} name={name}>
                {[...new Set(["", ...segment.values, value])].map((each) => (
                  <option value={each} selected={each === value}>
                    {each === "" ? "any" : each}
                  </option>
                ))}
              </select>
            ) : (
              <input
                id={name}
                name={name}
                value={value}
                placeholder="any"
                list="vault-ids"
                autocomplete="off"
                spellcheck={false}
              />
            )}
          </Part>
        );
      })}
    </>
  );
};
