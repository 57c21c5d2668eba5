import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { EXPOSED_HEADERS } from "../../src/core/http/cors.ts";
import { REFUSALS } from "../../src/core/refusal-table.ts";

import { usePortcullis } from "../support/started.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../src/docs/integrators.md"), "utf8");
const SAMPLES = [...PAGE.matchAll(/^```(sh|js|python)\n([\s\S]*?)^```$/gm)].map(
  ([, language = "", code = ""]) => ({ language, code, first: code.split("\n").find((line) => line !== "") }),
);
/** What a sample prints, by something that stands in it. */
const PRINTS: readonly (readonly [contains: string, prints: RegExp])[] = [
  [`curl -s "$GATEWAY/v1/vaults" -H`, /^\{/],
  [`curl -s "$GATEWAY/v1/vaults"\n`, /"code":"credential_missing"/],
  ["oauth/token", /access_token|\{/],
  ["oauth/revoke", /^/],
  ["call(path", /^200 \d+$/m],
  ["", /\{/],
];
const portcullis = await usePortcullis();

const COMMANDS: Readonly<Record<string, (code: string) => [string, string[]]>> = {
  sh: (code) => ["bash", ["-euc", code]],
  js: (code) => [process.execPath, ["--input-type=module", "-e", code]],
  python: (code) => ["python3", ["-c", code]],
};

function run(language: string, code: string, key: string) {
  const [command, args] = COMMANDS[language]?.(code) ?? ["false", []];
  const env = { ...process.env, GATEWAY: portcullis.edges[0], KEY: key };
  return new Promise<{ code: number; out: string; err: string }>((done) => {
    execFile(command, args, { env }, (error, out, err) =>
      done({ code: error === null ? 0 : Number(error.code ?? 1), out, err }),
    );
  });
}

describe("the samples run word for word:", () => {
  test("there are some in each language", () => {
    expect(new Set(SAMPLES.map(({ language }) => language))).toEqual(new Set(Object.keys(COMMANDS)));
  });

  test.each(SAMPLES)("$language: $first", async ({ language, code }) => {
    const { key } = await portcullis.createKey();
    const prints = PRINTS.find(([contains]) => code.includes(contains))?.[1] ?? /./;
    const result = await run(language, code, key);
    expect(result).toEqual({ code: 0, out: expect.stringMatching(prints), err: "" });
    if (!code.includes("oauth/revoke")) return;
    expect((await portcullis.call("GET", "/v1/vaults", { as: key })).status).toBe(401);
  });
});

async function page(path: string) {
  const response = await portcullis.call("GET", path);
  return { response, html: await response.text() };
}

describe("the gateway serves them as pages", () => {
  test("that load nothing, run nothing, and say what the product says", async () => {
    const { response, html } = await page("/-/docs");
    expect([response.status, response.headers.get("Content-Type")]).toEqual([
      200,
      "text/html; charset=UTF-8",
    ]);
    expect(response.headers.get("Content-Security-Policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-/,
    );
    expect(html).not.toMatch(/<script|<img|<link|\son\w+=|javascript:/i);
    for (const code of Object.keys(REFUSALS)) expect(html).toContain(`href="/-/errors/${code}"`);
    for (const header of EXPOSED_HEADERS.split(", ")) expect(html).toContain(`<code>${header}</code>`);
    for (const { first = "" } of SAMPLES) {
      expect(html).toContain(first.replaceAll("&", "&amp;").replaceAll('"', "&quot;").split("<")[0]);
    }
  });

  test("whose contents lead to their headings", async () => {
    const { html } = await page("/-/docs");
    const targets = [...html.matchAll(/href="#([\w-]+)"/g)].map(([, id]) => id);
    expect(targets.length).toBeGreaterThan(5);
    for (const id of targets) expect(html).toContain(`id="${id}"`);
  });

  test("with the API's operations and what a key needs for each", async () => {
    const { response, html } = await page("/-/docs/operations");
    expect(response.status).toBe(200);
    expect(html).toMatch(
      /GET<\/code> <code>\/v1\/vaults\/\{vaultId\}\/balances<\/code><\/td><td>vault:read</,
    );
  });

  test("that the pages of refusals lead to", async () => {
    expect((await page("/-/errors/rate_limited")).html).toContain('href="/-/docs"');
  });
});
