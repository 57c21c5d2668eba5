import type { Child, FC } from "hono/jsx";
import { Icon } from "./icons.tsx";

interface Props {
  title: string;
  kind: "bad" | "warn" | "good";
  children?: Child;
}

/** Says something above a page's content. What went wrong is read out and reached by the keyboard first. */
export const Banner: FC<Props> = ({ title, kind, children }) => (
  <div
    class={`banner ${kind}`}
    role={kind === "good" ? "status" : "alert"}
    tabindex={-1}
    autofocus={kind === "bad"}
  >
    <Icon name={kind === "good" ? "check" : "alert"} />
    <div>
      <b>{title}</b>
      {children}
    </div>
  </div>
);
