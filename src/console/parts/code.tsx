import type { FC } from "hono/jsx";

/** Before the first letter of a word: no browser breaks a line at each of these by itself. */
const BETWEEN_WORDS = /(?<=[/:|.-])(?=\w)/;

/** A scope, an id or the like; a line too short for it breaks between its words. */
export const Code: FC<{ text: string }> = ({ text }) => (
  <code>
    <Words of={text} />
  </code>
);

/** The same without its looks. */
export const Words: FC<{ of: string }> = ({ of: text }) => (
  <>
    {text.split(BETWEEN_WORDS).map((word, i) => (
      <>
        {i > 0 && <wbr />}
        {word}
      </>
    ))}
  </>
);
