import type { OpenAPIHono } from "@hono/zod-openapi";
import { raw } from "hono/html";
import type { FC } from "hono/jsx";
import type { Operation } from "../core/policy/operation.ts";
import type { Control, ControlEnv } from "./context.ts";
import { Page, PAGE_HEADERS } from "./page.tsx";

/** `/-/docs`: how to call the API behind the gateway, and which operations it has. */
export function addDocsPages(app: OpenAPIHono<ControlEnv>, { operations }: Control): void {
  app.get("/-/docs", async (c) => {
    // Loaded apart: callers of the API do not wait for its text.
    const { INTEGRATORS } = await import("./docs.generated.js");
    return c.html(
      <Page title="Calling the API">
        <p class="soft">
          <a href="/-/docs/operations">Operations</a> · <a href="/-/errors">Errors</a> ·{" "}
          <a href="/-/openapi">Control API</a>
        </p>
        {raw(INTEGRATORS)}
      </Page>,
      200,
      PAGE_HEADERS,
    );
  });
  app.get("/-/docs/operations", (c) => c.html(<Operations operations={operations} />, 200, PAGE_HEADERS));
}

const Operations: FC<{ operations: readonly Operation[] }> = ({ operations }) => (
  <Page title="Operations">
    <p class="soft">
      <a href="/-/docs">Calling the API</a>
    </p>
    <h1>Operations</h1>
    <p>The API's operations, and the scopes that a key needs for each.</p>
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th>Operation</th>
            <th>A key needs</th>
            <th>Cost</th>
          </tr>
        </thead>
        <tbody>
          {operations.map((operation) => (
            <tr id={operation.id}>
              <td>
                <code class="method">{operation.method}</code> <code>{operation.template}</code>
              </td>
              <td>{needsOf(operation)}</td>
              <td>{operation.cost}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  </Page>
);

/** The scopes of each alternative, or that none is needed. */
function needsOf({ public: isPublic, security }: Operation): string {
  if (isPublic) return "no key";
  return security
    .map((scopes) => scopes.map(({ action, resource }) => `${resource}:${action}`).join(" and "))
    .join(", or ");
}
