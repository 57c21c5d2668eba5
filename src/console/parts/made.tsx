import type { FC } from "hono/jsx";
import type { Credentials } from "../../api-types/organization.ts";
import { ownerPage } from "../paths.ts";
import { Moment } from "./time.tsx";

type Authorship = NonNullable<Credentials["scimToken"]>["made"];

/** When something was made, and by whom. */
export const Made: FC<{ made: Authorship }> = ({ made }) =>
  made === null ? (
    <span class="soft">There is one; when it was made is not known</span>
  ) : (
    <>
      Made <Moment time={made.at} otherwise="" /> by{" "}
      <a href={ownerPage({ id: made.by.id, kind: "user" })}>{made.by.name}</a>
    </>
  );
