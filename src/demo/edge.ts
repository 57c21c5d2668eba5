/** Where everything local listens. */
export const LOOPBACK = "127.0.0.1";

/**
 * A module in front of the Worker's bundle, in the same isolate. Cloudflare tells the Worker the client's address; here
 * nobody does, so it is this machine's unless the client claims another: that lets tests come from any address.
 */
export const EDGE_MODULE = `
import gateway from "./worker.js";
export * from "./worker.js";
export default {
  ...gateway,
  fetch(request, env, ctx) {
    if (request.headers.has("CF-Connecting-IP")) return gateway.fetch(request, env, ctx);
    const headers = new Headers(request.headers);
    headers.set("CF-Connecting-IP", "${LOOPBACK}");
    return gateway.fetch(new Request(request, { headers }), env, ctx);
  },
};
`;
