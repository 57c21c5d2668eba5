import { env as bindings } from "cloudflare:workers";
import { LINK_PATH, type LinkFault, type LinkState } from "./link-state.ts";

const OBJECTS = ["KEY_GUARD", "ORGANIZATION", "DEPLOYMENT"] as const;
const KV = "KEY_RECORDS";
const POLL_MS = 10;
const SLOW_MS = 300;

let state: LinkState = { clock: 0, faults: {} };

const SystemDate = Date;
globalThis.Date = class extends SystemDate {
  constructor(...args: [] | [number | string | Date]) {
    super(args.length === 0 ? SystemDate.now() + state.clock : args[0]);
  }
  static override now(): number {
    return SystemDate.now() + state.clock;
  }
} as DateConstructor;

type Method = (...args: unknown[]) => Promise<unknown>;
type Methods = Record<string, Method>;

/** The fault that one call meets, `null` if none. */
function faultOf(binding: string): LinkFault | null {
  const rule = state.faults[binding];
  return rule !== undefined && Math.random() < rule.share ? rule.fault : null;
}

async function through(binding: string, call: () => Promise<unknown>, crash: () => Promise<unknown>) {
  const fault = faultOf(binding);
  if (fault === "unreachable") throw new Error("The link is cut");
  if (fault === "overloaded") throw Object.assign(new Error("Overloaded"), { overloaded: true });
  if (fault === "slow") await scheduler.wait(Math.random() * SLOW_MS);
  if (fault === "crash") await crash().catch(() => {});
  if (fault === "hangs") {
    while (state.faults[binding]?.fault === "hangs") await scheduler.wait(POLL_MS);
  }
  const answer = await call();
  if (fault === "answer lost") throw new Error("The connection was lost");
  return answer;
}

/** The same target, with every method call led through the link. */
function linked<T extends object>(target: T, binding: string, crash: () => Promise<unknown>): T {
  return new Proxy(target, {
    get(_, name) {
      const value = (target as Record<string | symbol, unknown>)[name];
      if (typeof value !== "function" || name === "then") return value;
      const methods = target as unknown as Methods;
      return (...args: unknown[]) => through(binding, async () => methods[String(name)]?.(...args), crash);
    },
  });
}

/** The bindings with faulty links in place of sound ones. */
function linkedBindings(env: Record<string, unknown>): Record<string, unknown> {
  const objects = OBJECTS.map((binding) => {
    const namespace = env[binding] as DurableObjectNamespace;
    const getByName = (name: string): object => {
      const stub = namespace.getByName(name);
      return linked(stub, binding, async () => (stub as unknown as Methods)["crash"]?.());
    };
    return [binding, { getByName }];
  });
  const kv = linked(env[KV] as object, KV, async () => {});
  return { ...env, ...Object.fromEntries(objects), [KV]: kv };
}

type ObjectClass = new (ctx: DurableObjectState, env: never) => object;

/** The class with linked bindings, and a way to make its objects crash. */
export function linkedClass<T extends ObjectClass>(Class: T): T {
  const Base: ObjectClass = Class;
  return class extends Base {
    readonly #ctx: DurableObjectState;
    constructor(ctx: DurableObjectState, env: never) {
      super(ctx, linkedBindings(env) as never);
      this.#ctx = ctx;
    }
    crash(): void {
      this.#ctx.abort("crashed on purpose");
    }
  } as unknown as T;
}

/** Takes in a new state; `null` for every other request. */
export function takeState(request: Request): Promise<Response> | null {
  if (new URL(request.url).pathname !== LINK_PATH) return null;
  return request.json<LinkState>().then((posted) => {
    state = posted;
    return new Response(null, { status: 204 });
  });
}

Object.assign(bindings, linkedBindings({ ...bindings }));
