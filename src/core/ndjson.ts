/** Newline-delimited JSON: the media type, writing lines, reading lines as they come. */

export const NDJSON = "application/x-ndjson";

/** Values as lines. */
export function ndjsonLines(values: readonly object[]): Uint8Array {
  return new TextEncoder().encode(values.map((value) => `${JSON.stringify(value)}\n`).join(""));
}

/** Reads the values of a stream, each as soon as its line is complete. Throws on a line that is not JSON. */
export async function* readNdjson<T>(stream: ReadableStream<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line) as T;
  }
  if (rest !== "") yield JSON.parse(rest) as T;
}
