import { Hono, type MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { secureHeaders } from "hono/secure-headers";
import { logText } from "../core/http/log-text.ts";
import { setOwnHeaders } from "../core/http/own-answer.ts";
import { addAssets } from "./assets.ts";
import type { Console, ConsoleEnv } from "./context.ts";
import { addAccount } from "./pages/account.tsx";
import { addAllKeys } from "./pages/all-keys.tsx";
import { addAudit } from "./pages/audit.tsx";
import { addKeyEditing } from "./pages/key-edit.tsx";
import { addKeyCreation } from "./pages/key-new.tsx";
import { addKeyReceipt } from "./pages/key-receipt.tsx";
import { addKeyRevocation } from "./pages/key-revoke.tsx";
import { addKeyRotation } from "./pages/key-rotate.tsx";
import { addKeySwitch } from "./pages/key-switch.tsx";
import { addKeyDetail } from "./pages/key.tsx";
import { addKeyList } from "./pages/keys.tsx";
import { errorPage, notFoundPage } from "./pages/error-pages.tsx";
import { addOrganization } from "./pages/organization.tsx";
import { addOverview } from "./pages/overview.tsx";
import { addPeople } from "./pages/people.tsx";
import { addPersonKeys } from "./pages/person-keys.tsx";
import { addScimToken } from "./pages/scim-token.tsx";
import { addSearch } from "./pages/search.tsx";
import { addSelectedKeys } from "./pages/selected-keys.tsx";
import { addServiceUserEnds } from "./pages/service-user-end.tsx";
import { addServiceUserForms } from "./pages/service-user-form.tsx";
import { addServiceUsers } from "./pages/service-users.tsx";
import { addUsage } from "./pages/usage.tsx";
import { addWebhook } from "./pages/webhook.tsx";
import { readableFilters } from "./filters.ts";
import { IN_PLACE, OWN_ANSWER } from "./in-place.ts";
import { CONSOLE, HOME } from "./paths.ts";
import { CookieKeyRing } from "./session/cookie-key-ring.ts";
import { readForm } from "./session/read-form.ts";
import { Provider } from "./session/provider.ts";
import { refuseCrossSite } from "./session/request-forgery.ts";
import { SealedCookies } from "./session/sealed-cookies.ts";
import { SessionStore } from "./session/session-store.ts";
import { addSignIn } from "./session/sign-in.tsx";
import { signedIn } from "./session/signed-in.ts";
import { addTheme } from "./theme.ts";

/** Pages load from their own origin alone, run no text as a script, and send forms nowhere else. */
const pageHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", "data:"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
    requireTrustedTypesFor: ["'script'"],
    trustedTypes: ["'none'"],
  },
  crossOriginOpenerPolicy: "same-origin",
  crossOriginResourcePolicy: "same-origin",
  // `no-referrer` would also take the origin from forms, by which they are told from other sites'.
  referrerPolicy: "same-origin",
  // Of this host: for others of its domain the console does not speak.
  strictTransportSecurity: "max-age=15552000",
  xFrameOptions: "DENY",
});

/** Lists that are narrowed by texts. */
const LISTS = ["/keys", "/all-keys", "/people", "/service-users", "/audit", "/audit/download", "/search"];

/** `/-/console/`: pages for key owners and admins. */
export function createConsoleApp(console_: Console): Hono<ConsoleEnv> {
  const provider = new Provider(console_.config);
  const cookies = new SealedCookies(new CookieKeyRing(console_.env));
  const sessions = new SessionStore(console_.env, cookies);
  const app = new Hono<ConsoleEnv>({ strict: false }).basePath(CONSOLE);

  app.use(observe(console_.config.serverTiming));
  app.use(pageHeaders);
  addAssets(app);
  app.use(readForm);
  app.use(refuseCrossSite);
  addTheme(app);
  addSignIn(app, provider, cookies, sessions);
  app.get("/", (c) => c.redirect(HOME, 303));

  // All routes below need a sign-in.
  app.use(signedIn(console_, provider, sessions));
  app.use("/keys/:id/*", knownForm);
  for (const list of LISTS) app.get(list, readableFilters);
  addKeyList(app, console_);
  addKeyCreation(app, console_);
  addKeyDetail(app, console_);
  addKeyEditing(app, console_);
  addKeySwitch(app);
  addKeyRotation(app, console_);
  addKeyRevocation(app);
  addKeyReceipt(app);
  addOverview(app);
  addAllKeys(app, console_);
  addSelectedKeys(app);
  addSearch(app);
  addPersonKeys(app);
  addPeople(app);
  addServiceUserForms(app);
  addServiceUserEnds(app);
  addServiceUsers(app);
  addUsage(app);
  addAudit(app, console_);
  addOrganization(app);
  addScimToken(app);
  addWebhook(app);
  addAccount(app);

  app.notFound(notFoundPage);
  app.onError((error, c) => errorPage(c, error));
  return app;
}

/** What cannot be a key's id is not asked for: it would make another path of the control API's. `new` is a page. */
const knownForm: MiddlewareHandler<ConsoleEnv, "/keys/:id/*"> = (c, next) =>
  /^(key_[0-9A-Za-z]{12}|new)$/.test(c.req.param("id")) ? next() : Promise.resolve(c.notFound());

/** Names each request, keeps pages out of caches, and writes the one log line of each, which holds no secret. */
const observe =
  (tellsTime: boolean): MiddlewareHandler<ConsoleEnv> =>
  async (c, next) => {
    const startedAt = Date.now();
    c.set("requestId", crypto.randomUUID());
    c.set("address", c.req.header("CF-Connecting-IP") ?? "");
    await next();
    const totalMs = Date.now() - startedAt;
    setOwnHeaders(c.res.headers, c.get("requestId"), tellsTime ? totalMs : null);
    c.res.headers.set(OWN_ANSWER, "1");
    console.log(
      JSON.stringify({
        time: new Date(startedAt).toISOString(),
        requestId: c.get("requestId"),
        method: c.req.method,
        operation: matchedRoutes(c).findLast(({ path }) => !path.endsWith("*"))?.path,
        status: c.res.status,
        reason: logText(c.get("reason") ?? "") || undefined,
        address: c.get("address"),
        ms: { total: totalMs },
      }),
    );
    if (c.req.header(IN_PLACE) !== undefined && c.res.status >= 400) {
      c.res = new Response(c.res.body, { status: 200, headers: c.res.headers });
    }
  };
