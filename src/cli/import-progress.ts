import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import { CliError } from "./cli-error.ts";
import { systemCodeOf } from "../core/thrown.ts";

/** A line that was refused, by its number in the file. */
export interface RefusedLine {
  readonly line: number;
  readonly keyId: string | null;
  readonly error: string | null;
}

/** What has become of the lines up to one of them. */
export interface Done {
  /** The number of the last line that was answered. */
  readonly upTo: number;
  readonly imported: number;
  readonly unchanged: number;
  readonly refused: readonly RefusedLine[];
}

/** A file as it is now. */
interface FileFacts {
  readonly digest: string;
  readonly lines: number;
}

/**
 * How far an import has come, in a file beside the one that is imported: an import that was broken off goes on there. It
 * counts for the same content and the same gateway alone.
 */
export class ImportProgress {
  readonly #path: string;
  readonly #head: string;

  constructor(file: string, { digest }: FileFacts, url: string) {
    this.#path = `${file}.progress`;
    this.#head = JSON.stringify({ digest, url });
  }

  /** What an earlier run has done. */
  async earlier(): Promise<Done[]> {
    const text = await readFile(this.#path, "utf8").catch(() => "");
    const [head, ...lines] = text.split("\n");
    if (head !== this.#head) {
      await writeFile(this.#path, `${this.#head}\n`);
      return [];
    }
    // The last piece is empty, or was being written when the run ended.
    return lines.slice(0, -1).map((line) => JSON.parse(line) as Done);
  }

  add(done: Done): Promise<void> {
    return appendFile(this.#path, `${JSON.stringify(done)}\n`);
  }

  /** Everything is done. */
  end(): Promise<void> {
    return rm(this.#path, { force: true });
  }
}

/** Reads a file once for what it is and how many lines it has. Throws a {@link CliError} if it cannot be read. */
export async function factsOf(file: string): Promise<FileFacts> {
  const hash = createHash("sha256");
  let lines = 0;
  try {
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
    }
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${systemCodeOf(error) ?? "unknown error"}`);
  }
  return { digest: hash.digest("hex"), lines };
}
