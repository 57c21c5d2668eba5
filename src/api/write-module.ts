import { messageOf, systemCodeOf } from "../core/thrown.ts";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** Writes a module that a build makes, at once or not at all: another build may be reading. A failure ends the build. */
export function writeModule(file: string, content: string): void {
  try {
    if (existsSync(file) && readFileSync(file, "utf8") === content) return;
    const partial = `${file}.${process.pid}`;
    writeFileSync(partial, content);
    renameSync(partial, file);
  } catch (error) {
    console.error(`${file} cannot be written (${systemCodeOf(error) ?? messageOf(error)})`);
    process.exit(1);
  }
}
