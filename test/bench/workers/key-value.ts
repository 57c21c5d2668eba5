const values = new Map<string, string>();

/** Workers KV in memory, as far as the gateway uses it: what a KV binding sends is `GET` and `PUT` of a path. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname: key } = new URL(request.url);
    if (request.method === "PUT") {
      values.set(key, await request.text());
      return new Response();
    }
    const value = values.get(key);
    return value === undefined ? new Response(null, { status: 404 }) : new Response(value);
  },
};
