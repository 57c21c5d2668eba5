/**
 * The build's step for the console: what browsers load becomes texts of a module of the Worker, each under a name that
 * its content decides.
 */

import { basename, join } from "node:path";
import { build } from "esbuild";
import { writeModule } from "./api/write-module.ts";

const CONSOLE = join(import.meta.dirname, "console");
const MODULE = join(CONSOLE, "assets.generated.js");

const { outputFiles } = await build({
  absWorkingDir: CONSOLE,
  entryPoints: ["client/console.ts", "styles/console.css", "styles/icon.svg"],
  entryNames: "[name].[hash]",
  outdir: CONSOLE,
  bundle: true,
  minify: true,
  write: false,
  format: "esm",
  target: ["es2022", "chrome123", "firefox121", "safari17.5"],
  loader: { ".svg": "copy" },
});
const assets = outputFiles.map(({ path, text }) => {
  const file = basename(path);
  const name = file.replace(/\.[A-Z0-9]{8}(?=\.\w+$)/, "");
  return [name, { file, text }] as const;
});
writeModule(MODULE, `export const ASSETS = ${JSON.stringify(Object.fromEntries(assets), null, 2)};\n`);
