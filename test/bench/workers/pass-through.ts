interface Env {
  readonly ORIGIN_URL: string;
}

/** The least that anything in front of an API can do: the request goes to the origin, the answer comes back. */
export default {
  fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    return fetch(new Request(env.ORIGIN_URL + pathname + search, request));
  },
};
