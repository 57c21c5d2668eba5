import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** Writes a module that a build makes, at once or not at all: another build may be reading. */
export function writeModule(file: string, content: string): void {
  if (existsSync(file) && readFileSync(file, "utf8") === content) return;
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, content);
  renameSync(partial, file);
}
