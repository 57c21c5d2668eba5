import type { FC } from "hono/jsx";

/** Narrows a list of people or service users to those whose name, or what else is said, holds a text. */
export const NameFilter: FC<{ path: string; value: string; label: string }> = ({ path, value, label }) => (
  <search class="filters">
    <form method="get" action={path}>
      <input type="search" name="q" value={value} maxlength={200} placeholder={label} aria-label={label} />
      <button class="secondary outline">Search</button>
    </form>
  </search>
);
