import type { FC } from "hono/jsx";
import type { ReachableOperation } from "../../core/access/effective-access.ts";
import { isOpen } from "../../core/key/ip-allowlist.ts";
import { PLAIN_SEGMENT } from "../../core/policy/scope.ts";
import { counted, listed } from "../parts/wording.ts";
import type { Preview } from "./preview.ts";
import type { KeyForm } from "./values.ts";

/** So many ids are named; the form itself names them all. */
const NAMED = 8;

/** What a key with these settings will reach, in a sentence and by operation. */
export const EffectiveAccessCard: FC<{
  form: KeyForm;
  preview: Preview;
  hasVaults: boolean;
  ownerVaultsKnown: boolean;
}> = ({ form, preview, hasVaults, ownerVaultsKnown }) => (
  <section class="card reach" aria-labelledby="reach-title">
    <h2 id="reach-title">What it will reach</h2>
    <p id="reach-sentence" data-swap="" role="status">
      {sentenceOf(form, preview, hasVaults)}
    </p>
    <div id="reach-list" data-swap="">
      <ul>
        {preview.reach.operations.map((reached) => (
          <Reached reached={reached} />
        ))}
      </ul>
      {preview.reach.unreached.length > 0 && (
        <details>
          <summary>Not reached: {counted(preview.reach.unreached.length, "operation")}</summary>
          <ul>
            {preview.reach.unreached.map(({ method, template }) => (
              <li>
                <code>
                  {method} {template}
                </code>
              </li>
            ))}
          </ul>
        </details>
      )}
      {preview.reach.shortened && (
        <p class="soft">There are too many combinations of ids to show them all.</p>
      )}
      {!ownerVaultsKnown && <p class="soft">Limited by the owner's roles at the time of each call.</p>}
    </div>
    <p id="reach-trouble" class="problem" role="status"></p>
  </section>
);

/** What is valid of the form counts, and nothing is promised while some of it is not. */
export function sentenceOf(form: KeyForm, preview: Preview, hasVaults: boolean) {
  const { reach, unknownVaults, vaults } = preview;
  const all = reach.operations.length + reach.unreached.length;
  if (form.vaultChoice === "some" && form.vaults.length === 0)
    return "Name a vault to see what it will reach.";
  const wrong = wrongIn(form, preview);
  if (wrong !== null) return `One of the ${wrong} is not valid yet.`;
  if (reach.operations.length === 0) return "Nothing: no operation of the API accepts such a key.";
  const unknown = unknownVaults.filter(({ id }) => vaults.includes(id)).length;
  const doubt =
    unknown > 0 ? ` (${unknown === vaults.length ? "" : `${unknown} of them `}not known here)` : "";
  const on = hasVaults
    ? `on ${vaults === "*" ? "every vault" : counted(vaults.length, "vault")}${doubt}, `
    : "";
  return (
    <>
      <b>
        {reach.operations.length === all ? "All" : `${reach.operations.length} of`}{" "}
        {counted(all, "operation")}
      </b>{" "}
      of the API, {on}
      {fromText(preview)}.
    </>
  );
}

/** What cannot be counted on, since some of it cannot be. */
function wrongIn({ vaultChoice, vaults }: KeyForm, { scopes, addresses }: Preview): string | null {
  if (scopes.some(({ problem }) => problem !== null)) return "scopes";
  if (vaultChoice === "some" && vaults.some((id) => !PLAIN_SEGMENT.test(id))) return "vault ids";
  return addresses.some(({ problem }) => problem !== null) ? "addresses" : null;
}

/** Ranges that are written twice count once. */
function fromText({ addresses }: Preview): string {
  const ranges = new Set(addresses.map(({ canonical }) => canonical));
  if (ranges.size === 0 || isOpen([...ranges].flatMap((range) => range ?? []))) return "from anywhere";
  return `from ${ranges.size === 1 ? "one address or range" : `${ranges.size} addresses and ranges`}`;
}

const Reached: FC<{ reached: ReachableOperation }> = ({ reached: { operation, on, shows } }) => {
  const about = [onText(on), showsText(shows)].filter((text) => text !== "").join(", ");
  return (
    <li>
      <code>
        {operation.method} {operation.template}
      </code>
      {about && <span>{about}</span>}
    </li>
  );
};

function onText(on: ReachableOperation["on"]): string {
  if (on === null) return "";
  if (on === "any") return "on any";
  return `on ${shortened(on.map((values) => values.map((value) => value || "any").join(" / ")))}`;
}

function showsText(shows: ReachableOperation["shows"]): string {
  if (shows === null) return "";
  if (shows === "any") return "shows all";
  return shows.length === 0 ? "shows nothing" : `shows ${shortened(shows)}`;
}

function shortened(names: readonly string[]): string {
  if (names.length <= NAMED + 1) return listed(names);
  return listed([...names.slice(0, NAMED), `${names.length - NAMED} more`]);
}
