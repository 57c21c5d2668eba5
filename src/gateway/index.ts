import type { Background } from "../core/background.ts";
import { isRefusal, refuse, type Refusal, type Result } from "../core/refusal.ts";
import { admit } from "./admit.ts";
import { answer, answerFailure } from "./answer.ts";
import { assertIdentity } from "./assert-identity.ts";
import { checkTarget } from "./check-target.ts";
import { answerPreflight } from "./cors.ts";
import { decideAccess } from "./decide-access.ts";
import { bringBack, forwardToOrigin } from "./forward-to-origin.ts";
import type { Gateway } from "./gateway.ts";
import { matchRoute } from "./match-route.ts";
import { openRoute } from "./public-operation.ts";
import { readCredential } from "./read-credential.ts";
import { end, type Admitted, type Arrived, type Departing, type Reached, type Route } from "./stages.ts";

/**
 * The way of a request through the gateway. Its id comes first, then the steps in their order; the first that refuses
 * answers; what passes them all goes to the origin. A preflight and a public operation need no credential.
 *
 * A step that has all at hand gives its result at once: only one that asks somebody is waited for.
 */
export async function handle(request: Request, background: Background, gateway: Gateway): Promise<Response> {
  const arrived = arrive(request, background);
  let reached: Reached = arrived;
  try {
    const early = checkTarget(arrived, gateway) ?? answerPreflight(arrived, gateway);
    if (early !== null) return answer(early, gateway);
    // The route's cost is needed to admit the request. A route that does not exist is refused only after that.
    const routed = matchRoute(arrived, gateway);
    reached = routed;
    const open = openRoute(routed);
    if (open !== null)
      return depart({ from: routed, route: open, authorized: null, assertion: null }, gateway);

    const reading = readCredential(routed, gateway);
    const identified = reading instanceof Promise ? await reading : reading;
    if (identified.stage === "ended") return answerFailure(identified, gateway);
    reached = identified;
    const admitting = admit(identified, gateway);
    const admitted = admitting instanceof Promise ? await admitting : admitting;
    if (admitted.stage === "ended") return answerFailure(admitted, gateway);
    reached = admitted;

    if (isRefusal(routed.route)) return answer(end(admitted, routed.route), gateway);
    const authorizing = authorize(admitted, routed.route, gateway);
    const departing = authorizing instanceof Promise ? await authorizing : authorizing;
    if (isRefusal(departing)) return answer(end(admitted, departing), gateway);
    return depart(departing, gateway);
  } catch (error) {
    return answer(end(reached, faultOf(error)), gateway);
  }
}

function arrive(request: Request, background: Background): Arrived {
  return {
    stage: "arrived",
    request,
    background,
    requestId: crypto.randomUUID(),
    startedAt: Date.now(),
    address: request.headers.get("CF-Connecting-IP") ?? "",
  };
}

/** Step 7, and the assertion that tells the origin who calls. */
function authorize(
  admitted: Admitted,
  route: Route,
  gateway: Gateway,
): Result<Departing> | Promise<Result<Departing>> {
  const authorized = decideAccess(admitted, route);
  if (isRefusal(authorized)) return authorized;
  const assertion = assertIdentity(authorized, gateway);
  if (!(assertion instanceof Promise)) return { from: admitted, route, authorized, assertion };
  return assertion.then((jwt) =>
    typeof jwt === "string" ? { from: admitted, route, authorized, assertion: jwt } : jwt,
  );
}

const NO_ORIGIN = refuse("origin_unavailable", {
  reason: "ORIGINS names none of the operation's own servers",
});

/** Step 8. */
async function depart(departing: Departing, gateway: Gateway): Promise<Response> {
  const { from, route } = departing;
  const { origin } = route;
  if (origin === null) return answer(end(from, NO_ORIGIN), gateway);
  const forwardedAt = Date.now();
  let answeredAt: number | null = null;
  let outcome: Result<Response>;
  try {
    const forwarded = await forwardToOrigin(departing, origin, gateway);
    answeredAt = Date.now();
    outcome = forwarded instanceof Response ? bringBack(forwarded, departing, gateway) : forwarded;
  } catch (error) {
    outcome = faultOf(error);
  }
  return answer(end({ stage: "forwarded", from, route, forwardedAt, answeredAt }, outcome), gateway);
}

function faultOf(error: unknown): Refusal {
  return refuse("internal_error", { reason: String(error) });
}
