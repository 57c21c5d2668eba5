import type { FC } from "hono/jsx";
import type { ServiceUserImpact } from "../../api-types/service-users.ts";
import { keyPage } from "../paths.ts";
import { counted } from "./wording.ts";
import { ListTable } from "./list-table.tsx";

type Keys = ServiceUserImpact["keys"];

const CHANGES = {
  "nothing left": { label: "Reaches nothing any more", kind: "bad" },
  narrowed: { label: "Reaches less", kind: "warned" },
} as const;

/** Which of an owner's keys lose something when the owner does, those that lose all first. */
export const OwnedKeysReport: FC<{ keys: Keys }> = ({ keys }) => {
  const of = (change: Keys[number]["change"]) => keys.filter((key) => key.change === change);
  const [ended, narrowed, same] = [of("nothing left"), of("narrowed"), of("same")];
  return (
    <section class="card" aria-labelledby="its-keys">
      <h2 id="its-keys">
        {counted(ended.length + narrowed.length, "key")}{" "}
        {ended.length + narrowed.length === 1 ? "loses" : "lose"} something
      </h2>
      <ListTable columns={["Key", "Effect"]}>
        {[...ended, ...narrowed].map(({ id, name, change }) => (
          <tr>
            <th scope="row">
              <a href={keyPage(id)}>{name}</a>
            </th>
            <td data-label="Effect">
              {change !== "same" && (
                <span class={`badge ${CHANGES[change].kind}`}>{CHANGES[change].label}</span>
              )}
            </td>
          </tr>
        ))}
      </ListTable>
      {same.length > 0 && (
        <p class="soft">
          {same.length === 1 ? "1 key stays as it is." : `${counted(same.length, "key")} stay as they are.`}
        </p>
      )}
    </section>
  );
};
