import type { Child, FC } from "hono/jsx";
import { SEARCH } from "../paths.ts";
import { CSRF_FIELD } from "../session/csrf-field.ts";

/** A whole command with a key in it has room. */
export const MAX_SEARCH = 4000;

/** Lists that are searched, and narrowed by what is typed. */
export type Searched = "keys" | "all-keys" | "people" | "service-users" | "audit";

interface FindProps {
  csrf: string;
  /** The list that is searched; everything where there is none. */
  at?: Searched | undefined;
  /** What the list is narrowed to besides. */
  keep?: Readonly<Record<string, string | undefined>>;
  class?: string;
  children?: Child;
}

/**
 * Narrows a list. It is sent in a body, since what is typed may be a secret, and leads to an address that holds what was
 * searched for unless it is one.
 */
export const FindForm: FC<FindProps> = ({ csrf, at, keep = {}, class: looks, children }) => (
  <form method="post" action={SEARCH} class={looks}>
    <input type="hidden" name={CSRF_FIELD} value={csrf} />
    <input type="hidden" name="hash" value="" />
    {at && <input type="hidden" name="at" value={at} />}
    {Object.entries(keep).map(([name, kept]) => kept && <input type="hidden" name={name} value={kept} />)}
    {children}
  </form>
);

interface Props extends Omit<FindProps, "class" | "children"> {
  value: string;
  label: string;
  focus?: boolean;
}

/** Searches for names, ids and whole keys. */
export const SearchForm: FC<Props> = ({ csrf, value, label, at, keep, focus = false }) => (
  <search>
    <FindForm csrf={csrf} at={at} {...(keep && { keep })}>
      <input
        type="search"
        name="q"
        value={value}
        maxlength={MAX_SEARCH}
        placeholder={label}
        aria-label={label}
        autocomplete="off"
        spellcheck={false}
        autofocus={focus}
        data-finds-keys=""
      />
      <button class="secondary outline">Search</button>
    </FindForm>
  </search>
);
