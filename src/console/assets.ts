import type { Hono } from "hono";
import { ASSETS } from "./assets.generated.js";
import type { ConsoleEnv } from "./context.ts";
import { CONSOLE } from "./paths.ts";

const TYPES: Readonly<Record<string, string>> = {
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

const byFile = new Map(Object.values(ASSETS).map(({ file, text }) => [file, text]));

/** The path of a script, style or image; another content has another path. */
export function assetPath(name: keyof typeof ASSETS): string {
  return `${CONSOLE}/assets/${ASSETS[name].file}`;
}

/** `/assets/<name>.<content hash>.<type>`: what pages load, to be kept by browsers for good. */
export function addAssets(app: Hono<ConsoleEnv>): void {
  app.get("/assets/:file", (c) => {
    const file = c.req.param("file");
    const text = byFile.get(file);
    if (text === undefined) return c.notFound();
    return c.body(text, 200, {
      "Content-Type": TYPES[file.split(".").at(-1) ?? ""] ?? "",
      "Cache-Control": "public, max-age=31536000, immutable",
    });
  });
}
