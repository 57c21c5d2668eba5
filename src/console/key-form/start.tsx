import type { FC } from "hono/jsx";
import { Banner } from "../parts/banner.tsx";
import { counted, NUMBER } from "../parts/wording.ts";
import { ALL_KEYS, HOME, link, startUrl } from "../paths.ts";
import type { Owner } from "./owner.ts";
import type { Template } from "./templates.ts";

/** What to know and to choose before a new key is filled in. */

export const Templates: FC<{
  templates: readonly Template[];
  /** By id; empty for none. */
  chosen: string;
  owner: string | undefined;
}> = ({ templates, chosen, owner }) => (
  <nav class="templates" aria-label="Templates">
    {[{ id: "", title: "Blank", text: "Choose everything yourself." }, ...templates].map(
      ({ id, title, text }) => (
        <a
          href={link(`${HOME}/new`, { owner, template: id })}
          aria-current={id === chosen ? "true" : undefined}
        >
          <b>{title}</b>
          <small>{text}</small>
        </a>
      ),
    )}
  </nav>
);

/** How many keys the owner has of those that they may have. */
export const Quota: FC<{ used: number; most: number; owner: Owner }> = ({ used, most, owner }) => {
  const whose = owner.id === "" ? "You have" : `${owner.name} has`;
  const list = owner.id === "" ? HOME : link(ALL_KEYS, { owner: owner.id });
  return (
    <div id="quota" data-swap="fields">
      {used >= most ? (
        <Banner
          kind="warn"
          title={`${whose} ${NUMBER.format(used)} of ${counted(most, "key")}: the limit is reached`}
        >
          <p>
            <a href={list}>Revoke one</a> that is no longer needed first. Keys that are neither revoked nor
            expired count.
          </p>
        </Banner>
      ) : (
        <p class="soft quota">
          {whose} {NUMBER.format(used)} of {counted(most, "key")}.
        </p>
      )}
    </div>
  );
};

/** Without scripts a form is not kept while somebody shows a second factor, so it is better shown before. */
export const SecondFactorFirst: FC<{ path: string }> = ({ path }) => (
  <noscript>
    <p class="banner warn">
      <span>
        Creating a key takes a second factor. <a href={startUrl(path, "factor")}>Show it first</a>: without
        scripts, what you fill in here would be lost on the way.
      </span>
    </p>
  </noscript>
);
