import type { OpenAPIHono } from "@hono/zod-openapi";
import type { FC } from "hono/jsx";
import type { ControlEnv } from "./context.ts";
import { API_INFO } from "./openapi.ts";
import { Page, PAGE_HEADERS, withCode } from "./page.tsx";

type Document = ReturnType<OpenAPIHono<ControlEnv>["getOpenAPI31Document"]>;
type PathItem = NonNullable<Document["paths"]>[string];
type Operation = NonNullable<PathItem["get"]>;
type Parameter = NonNullable<Operation["parameters"]>[number];
type Answer = NonNullable<Operation["responses"]>[string];

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

/** `/-/openapi`: the OpenAPI document, to read. */
export function addApiPage(app: OpenAPIHono<ControlEnv>): void {
  app.get("/-/openapi", (c) =>
    c.html(<ApiPage document={app.getOpenAPI31Document(API_INFO)} />, 200, PAGE_HEADERS),
  );
}

interface Entry {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

const ApiPage: FC<{ document: Document }> = ({ document }) => (
  <Page title={document.info.title}>
    <h1>{document.info.title}</h1>
    <p>{document.info.description}</p>
    <p class="soft">
      For programs: <a href="/-/openapi.json">openapi.json</a>. What refusals mean:{" "}
      <a href="/-/errors">errors</a>.
    </p>
    {[...Map.groupBy(entries(document), ({ operation }) => operation.tags?.[0] ?? "")].map(([tag, group]) => (
      <>
        <h2>{tag}</h2>
        {group.map((entry) => (
          <OperationDetails entry={entry} />
        ))}
      </>
    ))}
    <h2>Schemas</h2>
    {Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => (
      <details id={name}>
        <summary>
          <code>{name}</code>
        </summary>
        <pre>{JSON.stringify(schema, null, 2)}</pre>
      </details>
    ))}
  </Page>
);

function entries(document: Document): Entry[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ method: method.toUpperCase(), path, operation }];
    }),
  );
}

const OperationDetails: FC<{ entry: Entry }> = ({ entry: { method, path, operation } }) => (
  <details id={operation.operationId}>
    <summary>
      <code class="method">{method}</code>
      <code>{path}</code> <span class="soft">{withCode(operation.summary ?? "")}</span>
    </summary>
    {operation.parameters && (
      <>
        <h3>Parameters</h3>
        <table>
          {operation.parameters.map((parameter) => (
            <ParameterRow parameter={parameter} />
          ))}
        </table>
      </>
    )}
    {operation.requestBody && "content" in operation.requestBody && (
      <>
        <h3>Body</h3>
        <SchemaLink schema={operation.requestBody.content["application/json"]?.schema} />
      </>
    )}
    <h3>Answers</h3>
    <table>
      {Object.entries(operation.responses ?? {}).map(([status, answer]) => (
        <AnswerRow status={status} answer={answer} />
      ))}
    </table>
  </details>
);

const ParameterRow: FC<{ parameter: Parameter }> = ({ parameter }) =>
  "name" in parameter ? (
    <tr>
      <td>
        <code>{parameter.name}</code>
      </td>
      <td class="soft">
        {parameter.in}
        {parameter.required ? ", required" : ""}
      </td>
      <td>{withCode(parameter.description ?? "")}</td>
    </tr>
  ) : null;

const AnswerRow: FC<{ status: string; answer: Answer }> = ({ status, answer }) => {
  const schema = "content" in answer ? answer.content?.["application/json"]?.schema : undefined;
  return (
    <tr>
      <td>{status}</td>
      <td>
        {("description" in answer ? (answer.description ?? "") : "").split("\n\n").map((line: string) => (
          <p>{withCode(line)}</p>
        ))}
      </td>
      <td>
        <SchemaLink schema={schema} />
      </td>
    </tr>
  );
};

const SchemaLink: FC<{ schema: object | undefined }> = ({ schema }) => {
  if (schema === undefined) return null;
  const name = "$ref" in schema ? String(schema.$ref).split("/").at(-1) : undefined;
  if (name === undefined) return <pre>{JSON.stringify(schema, null, 2)}</pre>;
  return (
    <a href={`#${name}`}>
      <code>{name}</code>
    </a>
  );
};
