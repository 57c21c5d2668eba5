/** A reason not to start that the user can mend. Its message alone is printed. */
export class StartError extends Error {
  override readonly name = "StartError";
}
