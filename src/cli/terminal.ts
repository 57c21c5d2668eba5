/** The streams of a command; a process has them. */
export interface Terminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY: boolean };
  readonly stdout: Pick<NodeJS.WritableStream, "write">;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY: boolean };
}
