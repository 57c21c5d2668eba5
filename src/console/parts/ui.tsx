import type { Child, FC } from "hono/jsx";
import type { Key } from "../../api-types/keys.ts";
import type { KeyStatus } from "../../core/key/key-record.ts";
import { Icon, type IconName } from "./icons.tsx";

/** Small parts of many pages. */

const StatusBadge: FC<{ status: KeyStatus }> = ({ status }) => (
  <span class={`badge ${status}`}>{capitalized(status)}</span>
);

/** A key's status, and whether it is of any use. */
export const KeyStanding: FC<{ key_: Pick<Key, "status" | "reachesNothing"> }> = ({ key_: key }) => (
  <>
    <StatusBadge status={key.status} />
    {key.reachesNothing && (
      <>
        {" "}
        <span class="badge disabled" title="No operation of the API accepts it">
          Reaches nothing
        </span>
      </>
    )}
  </>
);

/** The state of a person or service user. */
export const ActiveBadge: FC<{ active: boolean }> = ({ active }) => (
  <span class={`badge ${active ? "active" : "inactive"}`}>{active ? "Active" : "Deactivated"}</span>
);

/** What stands in place of a list that has nothing in it. */
export const Empty: FC<{ icon: IconName; title: string; children?: Child }> = ({ icon, title, children }) => (
  <section class="card empty">
    <Icon name={icon} />
    <h2>{title}</h2>
    {children}
  </section>
);

interface Tab {
  readonly label: string;
  /** The count, shown beside the label. */
  readonly count?: number | undefined;
  readonly href: string;
  readonly current: boolean;
}

/** Links of which one is where one is. */
export const Tabs: FC<{ label: string; tabs: readonly Tab[] }> = ({ label, tabs }) => (
  <nav class="tabs" aria-label={label}>
    {tabs.map((tab) => (
      <a href={tab.href} aria-current={tab.current ? "true" : undefined}>
        {tab.label}
        {tab.count !== undefined && (
          <span class="count" aria-hidden="true">
            {tab.count}
          </span>
        )}
      </a>
    ))}
  </nav>
);

/** A page's heading, with what can be done on the right. */
export const PageHeader: FC<{ title: Child; back?: { label: string; href: string }; children?: Child }> = ({
  title,
  back,
  children,
}) => (
  <header class="page-header">
    <div>
      {back && (
        <a class="back" href={back.href}>
          {back.label}
        </a>
      )}
      <h1>{title}</h1>
    </div>
    <div class="actions">{children}</div>
  </header>
);

/** Names with values. */
export const Facts: FC<{ rows: readonly (readonly [name: string, value: Child])[] }> = ({ rows }) => (
  <dl class="facts">
    {rows.map(([name, value]) => (
      <div>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

export function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
