import type { FC } from "hono/jsx";
import type { Me } from "../../api-types/me.ts";
import { ADMIN } from "../../core/organization/organization.ts";
import {
  ACCOUNT,
  ALL_KEYS,
  AUDIT,
  CONSOLE,
  HOME,
  ORGANIZATION,
  OVERVIEW,
  PEOPLE,
  SEARCH,
  SERVICE_USERS,
  USAGE,
} from "../paths.ts";
import type { Theme } from "../theme.ts";
import { Form } from "./form.tsx";
import { Brand, Icon, type IconName } from "./icons.tsx";
import { ThemeChoice } from "./theme-choice.tsx";

/** Where one can go. Who may see a page is the control API's to say; what only admins may, others are not shown. */
const SECTIONS = {
  overview: { label: "Overview", path: OVERVIEW, icon: "compass", adminsOnly: true },
  search: { label: "Search", path: SEARCH, icon: "search", adminsOnly: false },
  keys: { label: "My keys", path: HOME, icon: "key", adminsOnly: false },
  "all-keys": { label: "All keys", path: ALL_KEYS, icon: "keys", adminsOnly: true },
  people: { label: "People", path: PEOPLE, icon: "people", adminsOnly: true },
  "service-users": {
    label: "Service users",
    path: SERVICE_USERS,
    icon: "robot",
    adminsOnly: true,
  },
  usage: { label: "Usage", path: USAGE, icon: "chart", adminsOnly: true },
  audit: { label: "Audit", path: AUDIT, icon: "list", adminsOnly: true },
  organization: { label: "Organisation", path: ORGANIZATION, icon: "building", adminsOnly: true },
  account: { label: "Account", path: ACCOUNT, icon: "person", adminsOnly: false },
} as const satisfies Record<string, { label: string; path: string; icon: IconName; adminsOnly: boolean }>;

export type Section = keyof typeof SECTIONS;

/** Whether somebody's navigation leads there. */
export function isShown(section: Section, me: Me): boolean {
  return !SECTIONS[section].adminsOnly || me.roles.includes(ADMIN);
}

interface Props {
  me: Me;
  section: Section | null;
  csrf: string;
  theme: Theme;
  path: string;
}

/** At the side on wide screens; on narrow ones it comes when its button is pressed. */
export const Navigation: FC<Props> = ({ me, section, csrf, theme, path }) => {
  const shown = Object.entries(SECTIONS).filter(([id]) => isShown(id as Section, me));
  return (
    <nav id="navigation" class="side" popover="auto" aria-label="Console">
      <a class="home" href={HOME}>
        <Brand />
      </a>
      <ul>
        {shown.map(([id, { label, path: to, icon }]) => (
          <li>
            <a
              href={to}
              aria-current={id === section ? "page" : undefined}
              data-search-page={id === "search" ? "" : undefined}
              aria-keyshortcuts={id === "search" ? "/" : undefined}
            >
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
