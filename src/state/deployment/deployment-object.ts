import type { Env } from "../../env.ts";
import type { Deployment } from "./deployment.ts";

/** The one object of its kind that a deployment has. */
export function deploymentOf(env: Env): DurableObjectStub<Deployment> {
  return env.DEPLOYMENT.getByName("deployment");
}
