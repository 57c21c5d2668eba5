import type { Child, FC } from "hono/jsx";

interface Props {
  readonly columns: readonly Child[];
  /** A further class, for another look. */
  readonly kind?: "numbers" | "ranking" | "spaced" | "differences";
  readonly caption?: string;
  /** Its rows. A phone shows each cell on a line of its own, by its `data-label`. */
  readonly children?: Child;
}

/** A list whose columns have names. */
export const ListTable: FC<Props> = ({ columns, kind, caption, children }) => (
  <table class={kind === undefined ? "list" : `list ${kind}`}>
    {caption !== undefined && <caption>{caption}</caption>}
    <thead>
      <tr>
        {columns.map((name) => (
          <th scope="col">{name}</th>
        ))}
      </tr>
    </thead>
    <tbody>{children}</tbody>
  </table>
);
