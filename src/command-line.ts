import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { setGlobalProxyFromEnv } from "node:http";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { lineOf, messageOf, systemCodeOf } from "./core/thrown.ts";

/** What is wrong with a command line, in one line. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const WRONG_USAGE = 2;

/**
 * What a command of package.json is asked to do by its own arguments. Ends the process with the usage and 0 for `--help`;
 * with one line, the usage's first paragraph and 2 for a command line that cannot be carried out.
 */
export function commandOf<Command>(usage: string, read: (args: string[]) => Command): Command {
  const args = process.argv.slice(2);
  if (asksForHelp(args)) {
    process.stdout.write(usage);
    process.exit(0);
  }
  try {
    return read(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n${usage.split("\n\n")[0]?.trimEnd()}\n`);
    process.exit(WRONG_USAGE);
  }
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).some((arg) => arg === "--help" || arg === "-h");
}

/** Options and positionals. Throws a {@link UsageError} for what is unknown, missing or of another form. */
export function parseOptions<Config extends ParseArgsConfig>(config: Config) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(lineOf(error));
  }
}

/**
 * Has this process's requests go through the proxy that the environment names (`HTTPS_PROXY`, `HTTP_PROXY`), as wrangler's
 * do; without `NO_PROXY` those to this machine do not.
 */
export function useProxy(): void {
  const { no_proxy: lower, NO_PROXY: upper, ...env } = process.env;
  try {
    setGlobalProxyFromEnv({ ...env, NO_PROXY: lower ?? upper ?? "localhost,127.0.0.1,::1" });
  } catch {
    // The URL may hold a password.
    process.stderr.write("HTTPS_PROXY and HTTP_PROXY must be URLs of proxies\n");
    process.exit(1);
  }
}

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly whole?: boolean;
}

/** Seeds of random runs. */
export const SEEDS: Bounds = { least: 0, most: 2 ** 32 - 1, whole: true };
const NUMBER = /^(?:\d+(?:\.\d+)?|\.\d+)(?:e\+?\d{1,2})?$/i;

/** A number such as `0.5`, `1_000_000` or `1e9`. Throws a {@link UsageError} for anything else. */
export function numberOf(
  option: string,
  text: string | undefined,
  { least, most, whole = false }: Bounds,
): number {
  if (text === undefined) throw new UsageError(`${option} is missing`);
  const plain = text.replaceAll("_", "");
  const value = NUMBER.test(plain) ? Number(plain) : Number.NaN;
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  throw new UsageError(
    `${option} must be a ${whole ? "whole " : ""}number from ${least} to ${most} (is ${JSON.stringify(text)})`,
  );
}

/** One of some names. Throws a {@link UsageError} that lists them. */
export function oneOf<Name extends string>(option: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new UsageError(`${option} must be one of ${names.join(", ")} (is ${JSON.stringify(text)})`);
}

/**
 * A file that a command writes at its end; `null` for none. Throws a {@link UsageError} if it cannot be written, before the
 * work begins that would be lost.
 */
export function outputFile(option: string, path: string | undefined): string | null {
  if (path === undefined) return null;
  attempt(option, path, "written", () => closeSync(openSync(path, "a")));
  return path;
}

/** Writes figures as JSON; says so in one line, and has the command end with 2, if the file cannot be written. */
export function writeFigures(option: string, path: string | null, figures: unknown): void {
  if (path === null) return;
  try {
    attempt(option, path, "written", () => writeFileSync(path, `${JSON.stringify(figures, null, 2)}\n`));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = WRONG_USAGE;
  }
}

/** The text of a file, or of standard input for `-`. Throws a {@link UsageError} if it cannot be read. */
export function inputText(option: string, path: string): string {
  return attempt(option, path, "read", () => readFileSync(path === "-" ? 0 : path, "utf8"));
}

function attempt<Result>(option: string, path: string, what: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw new UsageError(
      `${option}: ${JSON.stringify(path)} cannot be ${what} (${systemCodeOf(error) ?? messageOf(error)})`,
    );
  }
}
