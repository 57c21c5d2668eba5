import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { appendFile, readFile, rename, rm, writeFile } from "node:fs/promises";
import { z } from "zod";
import { BrokenOff, CliError } from "./cli-error.ts";
import { systemCodeOf } from "../core/thrown.ts";

const Count = z.int().nonnegative();

/** What has become of the lines up to one of them. Lines go by their numbers in the file. */
const DoneSchema = z.strictObject({
  /** The last line that was answered. */
  upTo: Count,
  imported: Count,
  unchanged: Count,
  refused: z.array(
    z.strictObject({ line: Count, keyId: z.string().nullable(), error: z.string().nullable() }),
  ),
});
export type Done = z.output<typeof DoneSchema>;

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

  /**
   * What an earlier run has done. What it was writing when it ended is cut off, and those lines are sent again. Throws a
   * {@link CliError} if something else has written into the file.
   */
  async earlier(): Promise<Done[]> {
    const [head = "", ...lines] = (await this.#read()).split("\n").filter((line) => line !== "");
    const done = head === this.#head ? this.#doneOf(lines) : [];
    await this.#replace([this.#head, ...done.map((each) => JSON.stringify(each))]);
    return done;
  }

  /** Throws {@link BrokenOff} if it cannot be written: the lines are imported, and sending them again is harmless. */
  async add(done: Done): Promise<void> {
    try {
      await appendFile(this.#path, `${JSON.stringify(done)}\n`);
    } catch (error) {
      throw new BrokenOff(this.#problem("written", error));
    }
  }

  /** Everything is done. */
  end(): Promise<void> {
    return rm(this.#path, { force: true });
  }

  #doneOf(lines: readonly string[]): Done[] {
    const read = lines.map(readDone);
    // The last one may be half a line.
    const whole = read.at(-1) === null ? read.slice(0, -1) : read;
    return whole.map((done, i) => {
      if (done !== null) return done;
      throw new CliError(
        `${this.#path} is damaged in line ${i + 2}, so that nobody knows what is imported. Delete it to send all lines again: those that are imported stay as they are`,
      );
    });
  }

  async #read(): Promise<string> {
    try {
      return await readFile(this.#path, "utf8");
    } catch (error) {
      if (systemCodeOf(error) === "ENOENT") return "";
      throw new CliError(this.#problem("read", error));
    }
  }

  /** At once, so that a crash leaves what was there or all of it. */
  async #replace(lines: readonly string[]): Promise<void> {
    const path = `${this.#path}.new`;
    try {
      await writeFile(path, lines.map((line) => `${line}\n`).join(""));
      await rename(path, this.#path);
    } catch (error) {
      throw new CliError(this.#problem("written", error));
    }
  }

  #problem(what: string, error: unknown): string {
    return `${this.#path} cannot be ${what}: ${systemCodeOf(error) ?? "unknown error"}`;
  }
}

/** Of one line, if a run has written it to its end. */
function readDone(line: string): Done | null {
  try {
    return DoneSchema.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

/** Reads a file once for what it is and how many lines it has. Throws a {@link CliError} if it cannot be read. */
export async function factsOf(file: string): Promise<FileFacts> {
  const hash = createHash("sha256");
  let lines = 0;
  try {
    const stream: AsyncIterable<Buffer> = createReadStream(file);
    for await (const chunk of stream) {
      hash.update(chunk);
      for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines++;
    }
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${systemCodeOf(error) ?? "unknown error"}`);
  }
  return { digest: hash.digest("hex"), lines };
}
