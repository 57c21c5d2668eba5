import type { Child, FC } from "hono/jsx";
import { Code } from "./code.tsx";

/** So many more are shown without being asked for: a line that opens to two others is of no use. */
const SPARE = 2;

/** Things beside each other; of very many the first, and the others where they are asked for. */
export const Many: FC<{ items: readonly Child[]; first?: number | undefined }> = ({ items, first = 12 }) => {
  const shown = items.length > first + SPARE ? first : items.length;
  const rest = items.slice(shown);
  return (
    <>
      <Row items={items.slice(0, shown)} />
      {rest.length > 0 && (
        <details class="others">
          <summary>{rest.length} more</summary>
          <Row items={rest} />
        </details>
      )}
    </>
  );
};

const Row: FC<{ items: readonly Child[] }> = ({ items }) => (
  <ul class="codes">
    {items.map((item) => (
      <li>{item}</li>
    ))}
  </ul>
);

export const Codes: FC<{ items: readonly string[]; first?: number | undefined }> = ({ items, first }) => (
  <Many
    items={items.map((text) => (
      <Code text={text} />
    ))}
    first={first}
  />
);
