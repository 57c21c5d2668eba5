import { storedJson } from "../json.ts";

/** Newline-delimited JSON: the media type, writing lines, reading lines as they come. */

export const NDJSON = "application/x-ndjson";

/** Whether `Accept` asks for lines (RFC 9110 section 12.5.1); a client that takes anything gets one document. */
export function acceptsLines(accept: string | undefined): boolean {
  return (accept ?? "").split(",").some((range) => {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return type === NDJSON && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

/** Values as lines. */
export function ndjsonLines(values: readonly object[]): Uint8Array {
  return new TextEncoder().encode(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
}

/**
 * The lines of a stream without their ends, each as soon as it is complete; `null` for one of more than `maxLength`
 * letters, which is read and thrown away.
 */
export async function* readLines(
  stream: AsyncIterable<Uint8Array>,
  maxLength: number,
): AsyncGenerator<string | null> {
  const decoder = new TextDecoder();
  let rest = "";
  let isTooLong = false;
  for await (const chunk of stream) {
    const [first = "", ...others] = decoder.decode(chunk, { stream: true }).split("\n");
    rest += first;
    for (const next of others) {
      yield isTooLong || rest.length > maxLength ? null : rest;
      isTooLong = false;
      rest = next;
    }
    if (rest.length <= maxLength) continue;
    rest = "";
    isTooLong = true;
  }
  if (isTooLong || rest.length > maxLength) yield null;
  else if (rest !== "") yield rest;
}

/** Reads the values of a stream, each as soon as its line is complete. Throws on a line that is not JSON. */
export async function* readNdjson<T>(stream: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  for await (const line of readLines(stream, Number.POSITIVE_INFINITY)) {
    if (line !== null) yield storedJson<T>(line);
  }
}
