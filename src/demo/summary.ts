import { styleText } from "node:util";
import type { DemoKey } from "./demo-key.ts";
import { DEFAULT_DEMO_PORT } from "./ports.ts";
import type { Settings } from "./settings.ts";

/** What is printed once everything runs. */

const bold = (text: string) => styleText("bold", text);
const dim = (text: string) => styleText("dim", text);

/** The addresses of everything, and the key in commands to paste; or, without a key, `why` there is none. */
export function summary(
  settings: Settings,
  gateway: string,
  demo: DemoKey | { readonly why: string },
): string {
  const { config, usesSampleOrigin, usesSampleProvider } = settings;
  const rows = [
    ["Gateway", gateway],
    ["Origin", `${config.origin.url}${usesSampleOrigin ? "  (the sample API)" : ""}`],
    ["Console", consoleLine(settings, gateway)],
    [
      "Sign-in",
      `${config.identity.issuer}${usesSampleProvider ? "  (sample users: alice, bob, carol)" : ""}`,
    ],
    ...("key" in demo ? [["Key", demo.key]] : []),
  ].map(([label = "", value = ""]) => `  ${label.padEnd(9)}${bold(value)}`);
  const rest = "key" in demo ? commands(settings, gateway, demo) : [`  ${demo.why}`];
  return ["", bold("Portcullis is up."), "", ...rows, "", ...rest, ""].join("\n");
}

/** Where keys are managed in a browser, and as whom. */
function consoleLine({ config, port, usesSampleProvider }: Settings, gateway: string): string {
  const { controlHostname: host } = config;
  const url = `${host === null ? gateway : `http://${host}:${port}`}/-/console/`;
  return usesSampleProvider ? `${url}  (sign in as alice, bob or carol)` : url;
}

function commands(settings: Settings, gateway: string, { id, key }: DemoKey): string[] {
  const credential = `-H 'Authorization: Bearer ${key}'`;
  const control = `${gateway}/-/api-keys/${id} ${controlHeaders(settings)}`;
  const patch = (allowedIps: string) =>
    `curl -X PATCH ${control} -H 'Content-Type: application/json' -d '{"allowedIps":[${allowedIps}]}'`;
  return [
    ...command("Let through", `curl -i ${gateway}/v1/vaults ${credential}`),
    ...command("Not an operation of the API: 404", `curl -i ${gateway}/v1/nothing ${credential}`),
    ...command(
      "Allow the key from one network alone: from here it is refused with 403",
      patch('"203.0.113.0/24"'),
    ),
    ...command("Allow it from everywhere again", patch("")),
    ...command("Revoke it, for good: from the answer on it is refused with 401", `curl -X DELETE ${control}`),
  ];
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
