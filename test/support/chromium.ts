import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** A browser to launch. */
interface ChromiumBinary {
  readonly executablePath: string;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

const ROOT = join(import.meta.dirname, "../..");
/** Named by the version, so that another version is unpacked anew. */
const PACKAGE = createRequire(import.meta.url).resolve("@sparticuz/chromium");
const { version } = createRequire(import.meta.url)(join(dirname(PACKAGE), "../package.json")) as {
  version: string;
};
const HOME = join(ROOT, `.wrangler/chromium-${version}`);

/** Where browsers are that somebody has installed, for machines on which that of the package does not run. */
const INSTALLED = [
  "/usr/bin/google-chrome",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/**
 * A Chromium that needs nothing installed: that of the npm package @sparticuz/chromium with the libraries and the font
 * that it brings along. It is for Linux on x64; elsewhere `CHROMIUM_PATH` names one, or an installed one is found.
 */
export function chromiumBinary(): ChromiumBinary {
  const chosen = process.env["CHROMIUM_PATH"];
  if (chosen !== undefined) return installed(chosen);
  if (process.platform === "linux" && process.arch === "x64") return packaged();
  const found = INSTALLED.find((path) => existsSync(path));
  if (found === undefined)
    throw new Error("No Chromium is installed: install Google Chrome or set CHROMIUM_PATH");
  return installed(found);
}

function installed(executablePath: string): ChromiumBinary {
  return { executablePath, env: environment(), args: ["--no-sandbox"] };
}

function packaged(): ChromiumBinary {
  if (!existsSync(HOME)) unpack();
  return {
    executablePath: join(HOME, "chromium"),
    env: {
      ...environment(),
      LD_LIBRARY_PATH: join(HOME, "al2023/lib"),
      FONTCONFIG_FILE: join(HOME, "fonts.conf"),
    },
    // It is built without the process from which others are forked, and runs as root in containers.
    args: ["--no-sandbox", "--no-zygote", "--font-render-hinting=none"],
  };
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** The font that comes along, so that pages look the same everywhere, and for code what the machine has. */
const FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${HOME}/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${HOME}/font-cache</cachedir>
  <alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>ui-monospace</family><prefer><family>Liberation Mono</family><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`;

/** The package unpacks into the directory for temporary files; another is named so that it can be moved as a whole. */
function unpack(): void {
  mkdirSync(dirname(HOME), { recursive: true });
  const partial = mkdtempSync(`${HOME}-`);
  const script = `
    const { default: chromium, inflate } = await import(${JSON.stringify(PACKAGE)});
    await chromium.executablePath();
    await inflate(${JSON.stringify(join(dirname(PACKAGE), "../bin/al2023.tar.br"))});
  `;
  execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    env: { ...process.env, TMPDIR: partial },
    stdio: "inherit",
  });
  writeFileSync(join(partial, "fonts.conf"), FONTS);
  try {
    renameSync(partial, HOME);
  } catch (error) {
    // Another process was faster.
    rmSync(partial, { recursive: true });
    if (!existsSync(HOME)) throw error;
  }
}
