import type { Hono } from "hono";
import type { Child, FC } from "hono/jsx";
import { keysOf } from "../../core/keys-of.ts";
import { isRefusal } from "../../core/refusal.ts";
import type { Credentials, Organization, SigningKey } from "../../api-types/organization.ts";
import type { Webhook } from "../../api-types/webhook.ts";
import type { ConsoleContext, ConsoleEnv } from "../context.ts";
import { Facts, PageHeader } from "../parts/ui.tsx";
import { confirmPage } from "../parts/confirm.tsx";
import { Made } from "../parts/made.tsx";
import { Done } from "../parts/outcome-banners.tsx";
import { pageForMe } from "../parts/page-for-me.tsx";
import { Moment } from "../parts/time.tsx";
import { link, ORGANIZATION } from "../paths.ts";
import { refusalPage } from "./error-pages.tsx";
import { Code, Words } from "../parts/code.tsx";

export const ORGANIZATION_BACK = { label: "Organisation", href: ORGANIZATION };

const DONE = {
  bootstrapped: "The organisation is set up. Keys can be created.",
  rotated: "The next signing key is published. It takes over in a few minutes.",
  "webhook-deleted": "The webhook is deleted. No more events are sent.",
} as const;

/** `/organization`: what is there once for everybody in it, for admins. */
export function addOrganization(app: Hono<ConsoleEnv>): void {
  app.get("/organization", async (c) => {
    const [organization, credentials, webhook] = await Promise.all([
      c.get("organization"),
      c.get("api").get<Credentials>("/-/organization/credentials"),
      c.get("api").get<Webhook>("/-/organization/webhook"),
    ]);
    if (isRefusal(organization)) return refusalPage(c, organization);
    if (isRefusal(credentials)) return refusalPage(c, credentials);
    if (isRefusal(webhook) && webhook.code !== "not_found") return refusalPage(c, webhook);
    // An address can be opened again when that is no longer so.
    const isStill: Readonly<Record<keyof typeof DONE, boolean>> = {
      bootstrapped: organization.bootstrapped,
      rotated: waitingIn(credentials) !== undefined,
      "webhook-deleted": isRefusal(webhook),
    };
    const done = keysOf(DONE).find((each) => each === c.req.query("done") && isStill[each]);
    return pageForMe(c, "Organisation", "organization", () => (
      <>
        <PageHeader title="Organisation" />
        <Done done={done} texts={DONE} />
        <div class="columns">
          <Overview
            organization={organization}
            credentials={credentials}
            origin={new URL(c.req.url).origin}
          />
          <WebhookCard webhook={isRefusal(webhook) ? null : webhook} secret={credentials.webhookSecret} />
        </div>
      </>
    ));
  });

  app.get("/organization/bootstrap", (c) => c.redirect(ORGANIZATION, 303));
  app.post("/organization/bootstrap", async (c) => {
    const answer = await c.get("api").change<Organization>("POST", "/-/organization/bootstrap");
    // Another admin was faster: it is done all the same.
    const refused = isRefusal(answer) && answer.code !== "already_exists";
    return refused ? refusalPage(c, answer) : c.redirect(link(ORGANIZATION, { done: "bootstrapped" }), 303);
  });

  app.get("/organization/signing-key", (c) => askForNextKey(c));
  app.post("/organization/signing-key", async (c) => {
    const answer = await c.get("api").change<SigningKey>("POST", "/-/organization/signing-key/rotate");
    if (isRefusal(answer)) return refusalPage(c, answer);
    return c.redirect(link(ORGANIZATION, { done: "rotated" }), 303);
  });
}

async function askForNextKey(c: ConsoleContext): Promise<Response> {
  const credentials = await c.get("api").get<Credentials>("/-/organization/credentials");
  if (isRefusal(credentials)) return refusalPage(c, credentials);
  const waiting = waitingIn(credentials);
  return waiting === undefined ? confirmNextKey(c) : waitingPage(c, waiting);
}

/** The key that is published and signs nothing yet. */
function waitingIn({ signingKeys }: Credentials): Credentials["signingKeys"][number] | undefined {
  return signingKeys.find(({ activeFrom }) => Date.parse(activeFrom) > Date.now());
}

/** The next key is published once, and there is nothing to do until it has taken over. */
function waitingPage(c: ConsoleContext, { kid, activeFrom }: Credentials["signingKeys"][number]) {
  const title = "The next signing key is published already";
  return pageForMe(c, title, "organization", () => (
    <>
      <PageHeader title={title} back={ORGANIZATION_BACK} />
      <section class="card question">
        <p>
          <Code text={kid} /> takes over <Moment time={activeFrom} otherwise="" />. Another one can be
          published after that.
        </p>
      </section>
    </>
  ));
}

function confirmNextKey(c: ConsoleContext): Promise<Response> {
  return confirmPage(c, "organization", {
    title: "Rotate the signing key?",
    action: "Publish the next signing key",
    text: (
      <>
        <p>
          Signing keys renew themselves. Rotate early if the current one may have leaked. The next key is
          published now and takes over a few minutes later, once verifiers have had time to fetch it.
        </p>
        <p>Tokens already signed stay valid until they expire. This takes a fresh second factor.</p>
      </>
    ),
    back: ORGANIZATION_BACK,
  });
}

interface OverviewProps {
  organization: Organization;
  credentials: Credentials;
  origin: string;
}

const Overview: FC<OverviewProps> = ({ organization: { id, bootstrappedAt }, credentials, origin }) => {
  const publicKeys = `/-/organizations/${encodeURIComponent(id)}/jwks.json`;
  const { scimToken, signingKeys } = credentials;
  return (
    <>
      <section class="card">
        <h2>About</h2>
        <Facts
          rows={[
            ["Id", <code>{id}</code>],
            ["Set up", <Moment time={bootstrappedAt} otherwise="Not yet" />],
          ]}
        />
      </section>
      <Card
        title="Signing keys"
        text="The organisation's access tokens are signed with keys of its own, which renew themselves."
        link={bootstrappedAt === null ? null : { label: "Rotate", href: `${ORGANIZATION}/signing-key` }}
      >
        <Facts
          rows={[
            ...signingKeys.map((key, i) => [i === 0 ? "Keys" : "", <SigningKeyFact key_={key} />] as const),
            [
              "Public keys",
              <a href={publicKeys}>
                <Words of={publicKeys} />
              </a>,
            ] as const,
          ]}
        />
      </Card>
      <Card
        title="Provisioning (SCIM)"
        text="Lets your identity provider add people, set their roles, and cut off those who leave."
        link={{
          label: scimToken === null ? "Create a token" : "Replace the token",
          href: `${ORGANIZATION}/scim-token`,
        }}
      >
        <Facts
          rows={[
            ["Base URL", <Code text={`${origin}/-/scim/v2`} />],
            ["Token", scimToken === null ? <span class="soft">None</span> : <Made made={scimToken.made} />],
            ...(scimToken === null
              ? []
              : [["Last used", <Moment time={scimToken.lastUsedAt} otherwise="Never" />] as const]),
          ]}
        />
      </Card>
    </>
  );
};

const SigningKeyFact: FC<{ key_: Credentials["signingKeys"][number] }> = ({
  key_: { kid, activeFrom, made },
}) => (
  <>
    <Code text={kid} />
    <small class="detail">
      signs from <Moment time={activeFrom} otherwise="" />
      {made !== null && `, rotated by ${made.by.name}`}
    </small>
  </>
);

const WebhookCard: FC<{ webhook: Webhook | null; secret: Credentials["webhookSecret"] }> = ({
  webhook,
  secret,
}) => (
  <Card
    title="Webhook"
    text="Notifies your own system when a key is created, about to expire, expired, revoked or leaked."
    link={{ label: webhook === null ? "Set up" : "Open", href: `${ORGANIZATION}/webhook` }}
  >
    <Facts
      rows={[
        ["Sent to", webhook === null ? <span class="soft">Nowhere</span> : <Code text={webhook.url} />],
        ...(secret === null ? [] : [["Secret", <Made made={secret.made} />] as const]),
      ]}
    />
  </Card>
);

const Card: FC<{
  title: string;
  text: string;
  link: { label: string; href: string } | null;
  children?: Child;
}> = ({ title, text, link: to, children }) => (
  <section class="card" aria-label={title}>
    <header class="card-header">
      <h2>{title}</h2>
      {to && (
        <a role="button" class="secondary outline" href={to.href}>
          {to.label}
        </a>
      )}
    </header>
    <p class="soft">{text}</p>
    {children}
  </section>
);
