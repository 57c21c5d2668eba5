import type { Child, FC } from "hono/jsx";

/** Fields of a form, each with its label, a hint, and what the control API has said against its value. */

interface FieldProps {
  /** Names the field and its value in the form. */
  name: string;
  label: string;
  hint?: Child;
  problem?: string | undefined;
}

/** Where it is said what is wrong with a field; empty when nothing is. */
export const Problem: FC<{ of: string; problem?: string | undefined }> = ({ of, problem }) => (
  <small id={`${of}-problem`} class="problem" data-swap="">
    {problem}
  </small>
);

/** The attributes that tie a field to its hint and its problem. */
export function described(name: string, hint: boolean, problem: string | undefined) {
  return {
    "aria-describedby": [hint && `${name}-hint`, `${name}-problem`].filter(Boolean).join(" "),
    "aria-invalid": problem === undefined ? undefined : ("true" as const),
  };
}

const Hint: FC<{ of: string; children?: Child }> = ({ of, children }) => (
  <small id={`${of}-hint`} class="hint">
    {children}
  </small>
);

interface TextProps extends FieldProps {
  value: string;
  type?: "text" | "number" | "date";
  placeholder?: string;
  focus?: boolean;
}

export const TextField: FC<TextProps> = ({
  name,
  label,
  hint,
  problem,
  value,
  type = "text",
  placeholder,
  focus,
}) => (
  <div class="field">
    <label for={name}>{label}</label>
    <input
      id={name}
      name={name}
      type={type}
      value={value}
      placeholder={placeholder}
      autocomplete="off"
      autofocus={focus}
      {...described(name, hint !== undefined, problem)}
    />
    {hint && <Hint of={name}>{hint}</Hint>}
    <Problem of={name} problem={problem} />
  </div>
);

interface AreaProps extends FieldProps {
  value: string;
  rows: number;
  placeholder?: string;
  /** For what is no prose. */
  code?: boolean;
}

export const TextArea: FC<AreaProps> = ({
  name,
  label,
  hint,
  problem,
  value,
  rows,
  placeholder,
  code = false,
}) => (
  <div class="field">
    <label for={name}>{label}</label>
    <textarea
      id={name}
      name={name}
      rows={rows}
      placeholder={placeholder}
      class={code ? "code" : undefined}
      spellcheck={code ? false : undefined}
      autocomplete="off"
      {...described(name, hint !== undefined, problem)}
    >
      {value}
    </textarea>
    {hint && <Hint of={name}>{hint}</Hint>}
    <Problem of={name} problem={problem} />
  </div>
);

interface ChoiceProps {
  name: string;
  options: readonly { readonly value: string; readonly label: Child; readonly note?: Child }[];
  chosen: string;
}

/** One of several, each with what it means. */
export const Choices: FC<ChoiceProps> = ({ name, options, chosen }) => (
  <div class="choices">
    {options.map(({ value, label, note }) => (
      <label>
        <input type="radio" name={name} value={value} checked={value === chosen} />
        <span>
          {label}
          {note && <small>{note}</small>}
        </span>
      </label>
    ))}
  </div>
);

/** A part of a form under one heading. */
export const FieldGroup: FC<{
  name: string;
  title: string;
  hint?: Child;
  problem?: string | undefined;
  children?: Child;
}> = ({ name, title, hint, problem, children }) => (
  <fieldset
    class="card group"
    {...described(name, hint !== undefined, problem)}
    aria-invalid={undefined}
    id={name}
    tabindex={-1}
  >
    <legend>{title}</legend>
    {hint && <Hint of={name}>{hint}</Hint>}
    <Problem of={name} problem={problem} />
    {children}
  </fieldset>
);

/** A box to tick. */
export const Box: FC<{ name: string; label: string; checked: boolean; hint?: Child }> = ({
  name,
  label,
  checked,
  hint,
}) => (
  <div class="field box">
    <label>
      <input type="checkbox" name={name} value="yes" checked={checked} />
      <span>
        {label}
        {hint && <small>{hint}</small>}
      </span>
    </label>
  </div>
);
