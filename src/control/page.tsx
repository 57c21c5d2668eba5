import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { raw } from "hono/html";
import type { Child, FC } from "hono/jsx";

const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #1c2330; --soft: #5b6577; --line: #dfe3ea; --paper: #fff; --shade: #f5f7fa; --mark: #2f5bea;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ebf2; --soft: #9aa5b8; --line: #2c3442; --paper: #12161d; --shade: #1a202a; --mark: #8fabff }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.6 system-ui, sans-serif }
main { max-width: 46rem; margin: 0 auto; padding: 3rem 1.25rem }
h1 { font-size: 1.7rem; line-height: 1.25; overflow-wrap: anywhere; margin: .25rem 0 .5rem }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .25rem }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem }
p { margin: .25rem 0 }
a { color: var(--mark) }
code, pre { font: .88em/1.5 ui-monospace, monospace }
code { overflow-wrap: anywhere }
pre code { overflow-wrap: normal; font-size: inherit }
pre { background: var(--shade); border: 1px solid var(--line); border-radius: 6px; padding: .75rem 1rem; overflow-x: auto }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: 0 1rem }
details[open] { padding-bottom: 1rem }
summary { cursor: pointer; padding: .6rem 0 }
table { border-collapse: collapse; width: 100%; font-size: .94em }
td, th { text-align: left; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
.wide { overflow-x: auto; margin: .75rem 0 }
.soft { color: var(--soft) }
.method { display: inline-block; min-width: 4.2rem; font-weight: 600; color: var(--mark) }
`;
const STYLE_HASH = btoa(String.fromCharCode(...sha256(utf8ToBytes(STYLE))));

/** Headers of a page: nothing but its own style may load, and nobody may frame it. */
export const PAGE_HEADERS = {
  "Content-Security-Policy": `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  "Cache-Control": "public, max-age=3600",
  "X-Content-Type-Options": "nosniff",
};

/** A page of plain, readable text. */
export const Page: FC<{ title: string; children?: Child }> = ({ title, children }) => (
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

/** Text in which what stands between backticks is code. */
export function withCode(text: string): Child[] {
  return text.split("`").map((part, i) => (i % 2 === 1 ? <code>{part}</code> : part));
}
