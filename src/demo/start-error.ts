/** A reason not to start that the person at the keyboard can do something about; the message is one line. */
export class StartError extends Error {
  override readonly name = "StartError";
}
