import type { FC } from "hono/jsx";
import { SEARCH } from "../paths.ts";
import { CSRF_FIELD } from "../session/csrf-field.ts";

/** A whole command with a key in it has room. */
export const MAX_SEARCH = 4000;

interface Props {
  csrf: string;
  value: string;
  label: string;
  /** The list that is searched; everything where there is none. */
  at?: "keys" | "all-keys";
  /** What the list is narrowed to besides. */
  keep?: Readonly<Record<string, string | undefined>>;
  focus?: boolean;
}

/**
 * Searches for names, ids and whole keys. It is sent in a body, since what is typed may be a secret, and leads to an
 * address that holds what was searched for unless it is one.
 */
export const SearchForm: FC<Props> = ({ csrf, value, label, at, keep = {}, focus = false }) => (
  <search>
    <form method="post" action={SEARCH}>
      <input type="hidden" name={CSRF_FIELD} value={csrf} />
      <input type="hidden" name="hash" value="" />
      {at && <input type="hidden" name="at" value={at} />}
      {Object.entries(keep).map(([name, kept]) => kept && <input type="hidden" name={name} value={kept} />)}
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
    </form>
  </search>
);
