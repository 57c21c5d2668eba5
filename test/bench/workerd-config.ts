/** Writes workerd's configuration, which `workerd.capnp` in the package of that name describes. */

import { join } from "node:path";
import { unstable_readConfig } from "wrangler";
import { capnpText, Embed, type Struct } from "./capnp.ts";

/** A worker with a socket of its own. */
export interface Service {
  readonly name: string;
  /** Its module, a file next to the configuration. */
  readonly module: string;
  readonly vars: Readonly<Record<string, string>>;
  /** For a part of the gateway, which has all bindings of `wrangler.toml`. */
  readonly objects?: {
    /** Which service has the Durable Objects of a class. */
    readonly homeOf: (className: string) => string;
    /** Where this one keeps those that it has; only on disk can they use SQL. */
    readonly storage: "disk" | "memory";
    /** Whether they stay when they have been idle for ten seconds. */
    readonly keep: boolean;
  };
}

/** What is needed of `wrangler.toml`, which wrangler types as `any`. */
interface WranglerConfig {
  readonly compatibility_date: string;
  readonly compatibility_flags: readonly string[];
  readonly vars: Readonly<Record<string, string>>;
  readonly kv_namespaces: readonly { readonly binding: string }[];
  readonly ratelimits: readonly { readonly name: string }[];
  readonly durable_objects: {
    readonly bindings: readonly { readonly name: string; readonly class_name: string }[];
  };
}

const wrangler: WranglerConfig = unstable_readConfig({
  config: join(import.meta.dirname, "../../wrangler.toml"),
});

/** The configuration of a runtime with these services, and a directory for their Durable Objects. */
export function workerdConfig(services: readonly Service[], objectsDirectory: string): string {
  const config = {
    services: [
      { name: "internet", network: { allow: ["public", "private"] } },
      { name: "disk", disk: { path: objectsDirectory, writable: true } },
      { name: "key-value", worker: code("key-value.js") },
      ...services.map((service) => ({ name: service.name, worker: worker(service) })),
    ],
    sockets: services.map(({ name }) => ({ name, address: "127.0.0.1:0", http: {}, service: name })),
    extensions: [
      { modules: [{ name: FAILURE_LIMIT, internal: true, esModule: new Embed("failure-limit.js") }] },
    ],
  };
  return `using Workerd = import "/workerd/workerd.capnp";\nconst config :Workerd.Config = ${capnpText(config)};\n`;
}

const FAILURE_LIMIT = "bench:failure-limit";

function worker(service: Service): Struct {
  const { module, vars, objects } = service;
  if (objects === undefined) return { ...code(module), bindings: variables(vars) };
  const classes = wrangler.durable_objects.bindings;
  const { homeOf, storage, keep } = objects;
  return {
    ...code(module),
    bindings: [
      ...variables({ ...wrangler.vars, ...vars }),
      ...wrangler.kv_namespaces.map(({ binding }) => ({ name: binding, kvNamespace: "key-value" })),
      ...wrangler.ratelimits.map(({ name }) => ({ name, wrapped: { moduleName: FAILURE_LIMIT } })),
      ...classes.map(({ name, class_name: className }) => ({
        name,
        durableObjectNamespace: { className, serviceName: homeOf(className) },
      })),
    ],
    durableObjectNamespaces: classes
      .filter(({ class_name: className }) => homeOf(className) === service.name)
      .map(({ class_name: className }) => ({
        className,
        uniqueKey: `${service.name}-${className}`,
        enableSql: storage === "disk",
        preventEviction: keep,
      })),
    durableObjectStorage: storage === "disk" ? { localDisk: "disk" } : { inMemory: null },
  };
}

function code(module: string): Struct {
  return {
    modules: [{ name: module, esModule: new Embed(module) }],
    compatibilityDate: wrangler.compatibility_date,
    compatibilityFlags: wrangler.compatibility_flags,
  };
}

function variables(vars: Readonly<Record<string, string>>): Struct[] {
  return Object.entries(vars).map(([name, text]) => ({ name, text }));
}
