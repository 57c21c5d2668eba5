import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

/** KV as it is when it is down. */
export class BrokenKv extends WorkerEntrypoint {
  get(): never {
    throw new Error("KV is down");
  }
  put(): never {
    throw new Error("KV is down");
  }
}

/** KV that gives whatever was put first, for ever: a cache at its stalest. */
export class StaleKv extends WorkerEntrypoint {
  static readonly #values = new Map<string, string>();

  get(key: string): unknown {
    const value = StaleKv.#values.get(key);
    return value === undefined ? null : JSON.parse(value);
  }
  put(key: string, value: string): void {
    if (!StaleKv.#values.has(key)) StaleKv.#values.set(key, value);
  }
}

/** A guard that throws at everything. */
export class BrokenGuard extends DurableObject {
  grant(): never {
    throw new Error("The object is broken");
  }
  describe(): never {
    throw new Error("The object is broken");
  }
  put(): never {
    throw new Error("The object is broken");
  }
  cut(): never {
    throw new Error("The object is broken");
  }
}

/** A guard as the platform answers for it under too many requests. */
export class OverloadedGuard extends DurableObject {
  grant(): never {
    throw overloaded();
  }
  describe(): never {
    throw overloaded();
  }
}

function overloaded(): Error {
  return Object.assign(new Error("Durable Object is overloaded. Too many requests queued."), {
    overloaded: true,
  });
}

export default class extends WorkerEntrypoint {
  override fetch(): Response {
    return new Response(null, { status: 404 });
  }
}
