import type { FC } from "hono/jsx";
import { parseDuration } from "../../core/duration.ts";
import type { RateLimit } from "../../core/key/key-record.ts";
import { Choices, FieldGroup, TextField } from "../parts/fields.tsx";
import { day, exact } from "../parts/time.tsx";
import { NUMBER, rateText } from "../parts/wording.ts";
import { lifetimeName, LIFETIMES, type KeyForm } from "./values.ts";

interface ExpiryProps {
  form: KeyForm;
  /** What a key lives here unless somebody says otherwise. */
  usual: string;
  /** When the key ends as it is; absent for a new one. */
  current?: string | null | undefined;
  /** When it stops working because it was rotated, whatever is chosen here. */
  retiresAt?: string | null | undefined;
  problem: string | undefined;
}

/** How long the key lives. */
export const Expiry: FC<ExpiryProps> = ({ form, usual, current, retiresAt, problem }) => {
  const lifetimes = [...new Set([...LIFETIMES, usual, ...chosenOf(form)])].map((value) => ({
    value,
    label: lifetimeName(value),
    note: `Until ${day(new Date(Date.now() + (parseDuration(value) ?? 0)).toISOString())}${value === usual ? " (default)" : ""}`,
  }));
  const asItIs = {
    value: "keep",
    label: "As it is",
    note: current ? `Until ${exact(current)}` : "Never expires",
  };
  return (
    <FieldGroup
      name="expiry"
      title="Expiry"
      hint={
        retiresAt
          ? `The key was rotated: it stops working ${exact(retiresAt)} at the latest, whatever you choose here.`
          : undefined
      }
      problem={problem}
    >
      <Choices
        name="expiry"
        chosen={form.expiry}
        options={[
          ...(current === undefined ? [] : [asItIs]),
          ...lifetimes,
          { value: "on", label: "Until the end of a day" },
          {
            value: "never",
            label: "Never",
            note: <span class="warn">If it leaks, it works until someone revokes it.</span>,
          },
        ]}
      />
      <div class="when-on">
        <TextField name="expiresOn" label="Last day" type="date" value={form.expiresOn} hint="In UTC." />
      </div>
    </FieldGroup>
  );
};

/** A lifetime that is chosen and is none of the usual ones, as of a form that came from elsewhere. */
function chosenOf({ expiry }: KeyForm): string[] {
  return parseDuration(expiry) === null ? [] : [expiry];
}

const WINDOWS = [
  [1, "a second"],
  [60, "a minute"],
  [3600, "an hour"],
  [86_400, "a day"],
] as const;

/** How often the key may be used. */
export const RateFields: FC<{ form: KeyForm; usual: RateLimit; problem: string | undefined }> = ({
  form,
  usual,
  problem,
}) => {
  const own = Number(form.rateSeconds);
  const windows: (readonly [number, string])[] = [...WINDOWS];
  if (!WINDOWS.some(([seconds]) => seconds === own)) windows.push([own, `${NUMBER.format(own)} seconds`]);
  return (
    <FieldGroup
      name="rateLimit"
      title="Rate limit"
      hint={`Empty: the default, ${rateText(usual)}.`}
      problem={problem}
    >
      <div class="rate">
        <div>
          <label for="rateRequests">Requests</label>
          <input
            id="rateRequests"
            name="rateRequests"
            inputmode="numeric"
            autocomplete="off"
            value={form.rateRequests}
            placeholder={NUMBER.format(usual.requests)}
          />
        </div>
        <div>
          <label for="rateSeconds">In</label>
          <select id="rateSeconds" name="rateSeconds">
            {windows.map(([seconds, name]) => (
              <option value={`${seconds}`} selected={seconds === own}>
                {name}
              </option>
            ))}
          </select>
        </div>
      </div>
    </FieldGroup>
  );
};
