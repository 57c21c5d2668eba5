/** What stops a deployment: one or more problems, each a line for the operator. */
export class DeployError extends Error {
  override readonly name = "DeployError";
  /** The outcome of the deployment, the line above the problems. */
  readonly outcome: string = "Nothing was uploaded";
  readonly exitCode: number = 1;
  readonly problems: readonly string[];

  constructor(...problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** The namespace that the section names is not there. */
export class NoNamespace extends DeployError {}

/** Cloudflare did not take the version: what ran before runs still. */
export class NotDeployed extends DeployError {
  override readonly outcome = "Nothing was deployed; what ran before runs still";
}

/** Code was or may have been deployed, and not all that belongs to it. */
export class HalfDeployed extends DeployError {
  override readonly outcome: string;
  override readonly exitCode = 2;

  constructor(outcome: string, ...problems: readonly string[]) {
    super(...problems);
    this.outcome = outcome;
  }
}

/** The version that was to run again does not. */
export class NotRolledBack extends DeployError {
  override readonly outcome = "Nothing went back; what ran before runs still";
}
