/**
 * The build's step for the pages at `/-/docs`: the integrators' page of `src/docs` as HTML, with the table of refusals
 * that the product refuses by. It becomes a module of the Worker that is loaded when somebody reads it.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Marked } from "marked";
import { writeModule } from "./api/write-module.ts";
import { REFUSALS } from "./core/refusal-table.ts";

const PAGE = join(import.meta.dirname, "docs/integrators.md");
const MODULE = join(import.meta.dirname, "control/docs.generated.js");

const escape = (text: string): string => text.replaceAll(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
const anchor = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^\w]+/g, "-")
    .replaceAll(/^-|-$/g, "");

/** Text in which what stands between backticks is code. */
const withCode = (text: string): string =>
  text
    .split("`")
    .map((part, i) => (i % 2 === 1 ? `<code>${escape(part)}</code>` : escape(part)))
    .join("");

const marked = new Marked({
  renderer: {
    heading({ tokens, depth, text }) {
      return `<h${depth} id="${anchor(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
    table({ header, rows }) {
      const cells = (row: typeof header, tag: string) =>
        row.map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`).join("");
      const body = rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("\n");
      return `<div class="wide"><table>\n<thead><tr>${cells(header, "th")}</tr></thead>\n<tbody>\n${body}\n</tbody></table></div>\n`;
    },
  },
});

const refusals = Object.entries(REFUSALS)
  .map(
    ([code, { status, cause, remedy, retry }]) =>
      `<tr><td>${status}</td><td><a href="/-/errors/${code}"><code>${code}</code></a></td><td>${withCode(cause)}</td><td>${withCode(remedy)}</td><td>${withCode(retry)}</td></tr>`,
  )
  .join("\n");
const table = `<h2 id="codes">All codes</h2>
<div class="wide"><table>
<thead><tr><th>Status</th><th>Code</th><th>Cause</th><th>What to do</th><th>Try again?</th></tr></thead>
<tbody>
${refusals}
</tbody></table></div>
`;

const text = readFileSync(PAGE, "utf8");
const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading = ""]) => heading);
const contents = [...headings.map((heading) => [anchor(heading), heading]), ["codes", "All codes"]]
  .map(([id, heading]) => `<a href="#${id}">${heading}</a>`)
  .join(" · ");
const html = (await marked.parse(text)) + table;
const page = html.replace("</h1>\n", `</h1>\n<p class="soft">${contents}</p>\n`);
writeModule(MODULE, `export const INTEGRATORS = ${JSON.stringify(page)};\n`);
