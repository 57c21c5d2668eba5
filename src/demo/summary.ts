import { styleText } from "node:util";
import { originName } from "../core/http/origins.ts";
import { nameOf, type Compiled } from "../api/compile-files.ts";
import type { DemoCall } from "./demo-call.ts";
import type { DemoKey } from "./demo-key.ts";
import { DEFAULT_DEMO_PORT } from "./ports.ts";
import type { Settings } from "./settings.ts";

/** What is printed once everything runs. */

interface Product {
  readonly settings: Settings;
  readonly api: Compiled;
  /** The gateway's address. */
  readonly gateway: string;
  readonly call: DemoCall;
}

const bold = (text: string) => styleText("bold", text);
const dim = (text: string) => styleText("dim", text);

/** The addresses of everything, and the key in commands to paste; or, without a key, `why` there is none. */
export function summary({ demo, ...product }: Product & { demo: DemoKey | { why: string } }): string {
  const { settings, api, gateway } = product;
  const { config, usesSampleOrigin, usesSampleProvider } = settings;
  const rows = [
    ["Gateway", gateway],
    ["API", `${nameOf(api.sources)}  (${counted(api.table.operations.length, "operation")})`],
    ["Origin", `${config.origin.url}${usesSampleOrigin ? "  (the sample API)" : ""}`],
    ["Console", consoleLine(settings, gateway)],
    [
      "Sign-in",
      `${config.identity.issuer}${usesSampleProvider ? "  (sample users: alice, bob, carol)" : ""}`,
    ],
    ...("key" in demo ? [["Key", demo.key]] : []),
  ].map(([label = "", value = ""]) => `  ${label.padEnd(9)}${bold(value)}`);
  const rest = "key" in demo ? commands(product, demo) : [`  ${demo.why}`];
  const notes = notesOn(settings, api).flatMap((note) => [`  ${note}`, ""]);
  return ["", bold("Portcullis is up."), "", ...rows, "", ...notes, ...rest, ""].join("\n");
}

/** Likely problems of a user's own API document. */
function notesOn({ config, usesSampleOrigin }: Settings, { isSample, table, findings }: Compiled): string[] {
  const { length: operations } = table.operations;
  const ownPath = new URL(config.origin.url).pathname;
  const elsewhere = table.operations.filter(
    ({ origin }) => origin !== undefined && !origin.some((name) => config.origins.has(originName(name))),
  ).length;
  return [
    isSample && !usesSampleOrigin
      ? `${bold("The document is still the sample's")}: its ${counted(operations, "operation")} are let through, and all else is 404. Name yours: API_DOCUMENT=openapi.yaml ORIGIN_URL=${config.origin.url} npm start`
      : "",
    !isSample && usesSampleOrigin
      ? `${bold("The origin is still the sample's")}, which knows nothing of your document. Name yours: ORIGIN_URL=https://api.example.com`
      : "",
    table.basePath !== "" && ownPath === table.basePath
      ? `${bold("ORIGIN_URL ends in the base path")} ${table.basePath}, which every request has already: leave it out of ORIGIN_URL.`
      : "",
    operations === 0 ? `${bold("The document has no operation")}: every request is 404.` : "",
    elsewhere > 0
      ? `${bold(`${counted(elsewhere, "operation")} of ${operations}`)} would be answered 503: the document gives other servers there, which ORIGINS does not name. npm run check says which.`
      : "",
    findings.warnings.length > 0
      ? `${counted(findings.warnings.length, "warning")} about the document: npm run check`
      : "",
  ].filter((note) => note !== "");
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/** Where keys are managed in a browser, and as whom. */
function consoleLine({ config, port, usesSampleProvider }: Settings, gateway: string): string {
  const { controlHostname: host } = config;
  const url = `${host === null ? gateway : `http://${host}:${port}`}/-/console/`;
  return usesSampleProvider ? `${url}  (sign in as alice, bob or carol)` : url;
}

function commands({ settings, api, gateway, call }: Product, { id, key }: DemoKey): string[] {
  const credential = `-H 'Authorization: Bearer ${key}'`;
  const control = `${gateway}/-/api-keys/${id} ${controlHeaders(settings)}`;
  const patch = (allowedIps: string) =>
    `curl -X PATCH ${control} -H 'Content-Type: application/json' -d '{"allowedIps":[${allowedIps}]}'`;
  return [
    ...(call.path === null
      ? []
      : command("Let through", requestLine(gateway, call.method, call.path, credential))),
    ...command(
      "Not an operation of the API: 404",
      requestLine(gateway, "GET", api.isSample ? "/v1/nothing" : "/portcullis/no/such/operation", credential),
    ),
    ...command(
      "Allow the key from one network alone: from here it is refused with 403",
      patch('"203.0.113.0/24"'),
    ),
    ...command("Allow it from everywhere again", patch("")),
    ...command("Revoke it, for good: from the answer on it is refused with 401", `curl -X DELETE ${control}`),
  ];
}

function requestLine(gateway: string, method: string, path: string, credential: string): string {
  const url = /^[\w./~-]*$/.test(path) ? `${gateway}${path}` : `'${gateway}${path.replaceAll("'", "%27")}'`;
  return `curl -i ${method === "GET" ? "" : `-X ${method} `}${url} ${credential}`;
}

function command(purpose: string, line: string): string[] {
  return [dim(`  # ${purpose}`), `  ${line}`, ""];
}

/** Says who calls the control API, and under which name when it has one of its own. */
function controlHeaders({ demoPort, config }: Settings): string {
  const environment = demoPort === DEFAULT_DEMO_PORT ? "" : `DEMO_PORT=${demoPort} `;
  const token = `-H "Authorization: Bearer $(${environment}npm run -s token -- --user alice --mfa)"`;
  return config.controlHostname === null ? token : `-H 'Host: ${config.controlHostname}' ${token}`;
}
