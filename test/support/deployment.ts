import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");

/** Text of wrangler.toml and what is in its place. */
export type Replacement = readonly [text: string, by: string];

/** What fills in the example of production. */
export const FILLED_IN: readonly Replacement[] = [
  ["gateway.example.com", "gateway.acme.dev"],
  ["https://api.example.com", "https://api.acme.dev"],
  ["https://login.example.com", "https://login.acme.dev"],
];

const STAND_IN = `export class KeyGuard {}
export class Organization {}
export class Deployment {}
export default { fetch: () => new Response() };
`;

/**
 * A Worker of the same classes that needs no build, for wrangler's own commands: `npm run deploy` refuses it. The
 * replacement has production deploy it.
 */
export function standIn(directory: string): Replacement {
  const main = join(directory, "stand-in.js");
  writeFileSync(main, STAND_IN);
  const section = "[env.production]\n";
  return [section, `${section}main = "${main}"\nbuild = { command = "" }\n`];
}

/** A copy of wrangler.toml that leads to this tree's Worker, with another section of production. */
export function writeConfig(...replacements: readonly Replacement[]): { path: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), "portcullis-config-"));
  const [head = "", production = ""] = readFileSync(join(ROOT, "wrangler.toml"), "utf8").split(
    /^(?=\[env\.production\])/m,
  );
  const changed = replacements.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`wrangler.toml has no ${from} for production`);
    return text.replace(from, to);
  }, production);
  const path = join(directory, "wrangler.toml");
  writeFileSync(
    path,
    head.replace('main = "', `main = "${ROOT}/`).replace("[build]\n", `[build]\ncwd = "${ROOT}"\n`) + changed,
  );
  return { path, remove: () => rmSync(directory, { recursive: true }) };
}

interface DeployOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `npm run deploy` as a process of its own. */
export function runDeploy(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<DeployOutcome> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [join(ROOT, "src/deploy/deploy.ts"), ...args],
      { cwd: ROOT, env: { ...process.env, DEPLOY_PAUSE_MS: "1", ...env } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code ?? 1);
        done({ code, stdout, stderr });
      },
    );
  });
}
