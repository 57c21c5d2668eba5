/** Something that the person at the command line can put right; its message is all that they are shown. */
export class CliError extends Error {
  override readonly name = "CliError";
}
