import type { OpenAPIHono } from "@hono/zod-openapi";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { raw } from "hono/html";
import type { Child, FC } from "hono/jsx";
import { REFUSALS, type RefusalCode } from "../core/refusal.ts";
import type { ControlEnv } from "./endpoint.ts";

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6577; --line: #dfe3ea; --paper: #fff; --mark: #2f5bea }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebf2; --soft: #9aa5b8; --line: #2c3442; --paper: #12161d; --mark: #8fabff }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 system-ui, sans-serif }
main { max-width: 42rem; margin: 0 auto; padding: 3rem 1.25rem }
h1 { font: 600 1.7rem/1.25 ui-monospace, monospace; overflow-wrap: anywhere; margin: .25rem 0 .5rem }
h2 { font-size: 1rem; margin: 2rem 0 .25rem }
p { margin: .25rem 0 }
a { color: var(--mark) }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere }
.soft { color: var(--soft) }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
`;
const STYLE_HASH = btoa(String.fromCharCode(...sha256(utf8ToBytes(STYLE))));
const HEADERS = {
  "Content-Security-Policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  "Cache-Control": "public, max-age=3600",
  "X-Content-Type-Options": "nosniff",
};

const CODES = Object.keys(REFUSALS) as RefusalCode[];

/** `/-/errors/<code>`: what each refusal means and what to do; from the table that the refusals come from. */
export function addErrorPages(app: OpenAPIHono<ControlEnv>): void {
  app.get("/-/errors", (c) => c.html(<Index />, 200, HEADERS));
  app.get("/-/errors/:code", (c) => {
    const code = CODES.find((known) => known === c.req.param("code"));
    return code === undefined ? c.notFound() : c.html(<Explanation code={code} />, 200, HEADERS);
  });
}

const Page: FC<{ title: string; children?: Child }> = ({ title, children }) => (
  <>
    {raw("<!doctype html>")}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title}</title>
        <style>{raw(STYLE)}</style>
      </head>
      <body>
        <main>{children}</main>
      </body>
    </html>
  </>
);

const Index: FC = () => (
  <Page title="Errors">
    <h1>Errors</h1>
    <table>
      <thead>
        <tr>
          <th>Status</th>
          <th>Code</th>
          <th>Meaning</th>
        </tr>
      </thead>
      <tbody>
        {CODES.map((code) => (
          <tr>
            <td>{REFUSALS[code].status}</td>
            <td>
              <a href={`/-/errors/${code}`}>
                <code>{code}</code>
              </a>
            </td>
            <td>{REFUSALS[code].message}</td>
          </tr>
        ))}
      </tbody>
    </table>
  </Page>
);

const Explanation: FC<{ code: RefusalCode }> = ({ code }) => {
  const { status, type, message, cause, remedy, retry } = REFUSALS[code];
  return (
    <Page title={`${status} ${code}`}>
      <p class="soft">
        {status} · {type}
      </p>
      <h1>{code}</h1>
      <p>{message}</p>
      <h2>Cause</h2>
      <p>{withCode(cause)}</p>
      <h2>What to do</h2>
      <p>{withCode(remedy)}</p>
      <h2>Retry the same request?</h2>
      <p>{withCode(retry)}</p>
      <p class="soft">
        <br />
        <a href="/-/errors">All errors</a>
      </p>
    </Page>
  );
};

/** Text between backticks is code. */
function withCode(text: string): Child[] {
  return text.split("`").map((part, i) => (i % 2 === 1 ? <code>{part}</code> : part));
}
