/** An error that the person at the command line can put right; only its message is shown. */
export class CliError extends Error {
  override readonly name = "CliError";
}

/** The gateway has taken what it was asked for, and the outcome is not known in full. */
export class BrokenOff extends CliError {}

/** It sent nothing for as long as one waits. */
export class Silent extends BrokenOff {}

/** What answers is no gateway, or none of this version; what was asked for may be done. */
export class NotOurs extends BrokenOff {}

/** The gateway cannot do it at the moment. */
export class Unavailable extends CliError {}
