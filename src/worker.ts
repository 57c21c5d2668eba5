import { DurableObject } from "cloudflare:workers";
export class KeyGuard extends DurableObject {}
export class Organization extends DurableObject {}
export default {
  fetch: (request: Request) => new Response(request.url),
};
