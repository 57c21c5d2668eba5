import type { OpenAPIHono } from "@hono/zod-openapi";
import type { FC } from "hono/jsx";
import { REFUSALS, typeOf, type RefusalCode } from "../core/refusal-table.ts";
import type { ControlEnv } from "./context.ts";
import { Page, PAGE_HEADERS, withCode } from "./page.tsx";
import { keysOf } from "../core/keys-of.ts";

const CODES = keysOf(REFUSALS);

/** `/-/errors/<code>`: what each refusal means and what to do; from the table that the refusals come from. */
export function addErrorPages(app: OpenAPIHono<ControlEnv>): void {
  app.get("/-/errors", (c) => c.html(<Index />, 200, PAGE_HEADERS));
  app.get("/-/errors/:code", (c) => {
    const code = CODES.find((known) => known === c.req.param("code"));
    return code === undefined ? c.notFound() : c.html(<Explanation code={code} />, 200, PAGE_HEADERS);
  });
}

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
  const { status, message, cause, remedy, retry } = REFUSALS[code];
  return (
    <Page title={`${status} ${code}`}>
      <p class="soft">
        {status} · {typeOf(code)}
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
        <a href="/-/errors">All errors</a> · <a href="/-/docs">Calling the API</a>
      </p>
    </Page>
  );
};
