/** Something that the person at the command line can put right; its message is all that they are shown. */
export class CliError extends Error {
  override readonly name = "CliError";
}

/** The gateway has taken what it was asked for, and the outcome is not known in full. */
export class BrokenOff extends CliError {}
