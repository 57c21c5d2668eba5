import type { FC } from "hono/jsx";
import { ADMIN } from "../../core/organization.ts";
import type { Me } from "../api-types.ts";
import { CONSOLE, HOME } from "../paths.ts";
import type { Theme } from "../theme.ts";
import { Form } from "./form.tsx";
import { Brand, Icon, type IconName } from "./icons.tsx";
import { ThemeChoice } from "./theme-choice.tsx";

/** Where one can go. Who may see a page is the control API's to say; what only admins may, others are not shown. */
const SECTIONS = {
  keys: { label: "My keys", path: HOME, icon: "key", adminsOnly: false },
} as const satisfies Record<string, { label: string; path: string; icon: IconName; adminsOnly: boolean }>;

export type Section = keyof typeof SECTIONS;

interface Props {
  me: Me;
  section: Section | null;
  csrf: string;
  theme: Theme;
  path: string;
}

/** At the side on wide screens; on narrow ones it comes when its button is pressed. */
export const Navigation: FC<Props> = ({ me, section, csrf, theme, path }) => {
  const isAdmin = me.roles.includes(ADMIN);
  const shown = Object.entries(SECTIONS).filter(([, { adminsOnly }]) => isAdmin || !adminsOnly);
  return (
    <nav id="navigation" class="side" popover="auto" aria-label="Console">
      <a class="home" href={HOME}>
        <Brand />
      </a>
      <ul>
        {shown.map(([id, { label, path: to, icon }]) => (
          <li>
            <a href={to} aria-current={id === section ? "page" : undefined}>
              <Icon name={icon} />
              {label}
            </a>
          </li>
        ))}
      </ul>
      <div class="account">
        <p class="who">
          <b>{me.name}</b>
          <small>{me.orgId}</small>
        </p>
        <div class="row">
          <ThemeChoice theme={theme} path={path} />
          <Form action={`${CONSOLE}/sign-out`} csrf={csrf}>
            <button class="plain" aria-label="Sign out" title="Sign out">
              <Icon name="leave" />
            </button>
          </Form>
        </div>
      </div>
    </nav>
  );
};
