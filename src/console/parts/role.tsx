import type { FC } from "hono/jsx";
import { Code } from "./code.tsx";

/** A role in words: `vault_1:developer` is the Developer role on one vault, `*:developer` on every one. */
export const Role: FC<{ role: string }> = ({ role }) => {
  const at = role.lastIndexOf(":");
  const name = role.slice(at + 1).replace(/^./, (letter) => letter.toUpperCase());
  const vault = role.slice(0, Math.max(at, 0));
  if (vault === "") return <>{name}</>;
  return vault === "*" ? (
    <>{name} on every vault, now and later</>
  ) : (
    <>
      {name} on <Code text={vault} />
    </>
  );
};
