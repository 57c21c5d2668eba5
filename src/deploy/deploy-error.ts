/** What stops a deployment before anything is uploaded: one or more problems, each a line for the operator. */
export class DeployError extends Error {
  override readonly name = "DeployError";
  readonly problems: readonly string[];

  constructor(...problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}
