/** Writes workerd's configuration, in Cap'n Proto's text form (`workerd.capnp` describes it). */

import { join } from "node:path";
import { unstable_readConfig } from "wrangler";

/** A worker. Each has a socket of its own. */
export interface Service {
  readonly name: string;
  /** Its module, a file next to the configuration. */
  readonly module: string;
  readonly vars: Readonly<Record<string, string>>;
  /** For a part of the gateway, which has all bindings of `wrangler.toml`. */
  readonly objects?: {
    /** Which service has the Durable Objects of a class. */
    readonly homeOf: (className: string) => string;
    /** Where this one keeps those that it has. Only on disk can they use SQL. */
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

/** The configuration of a runtime with these services, whose modules are next to it, and Durable Objects in a directory. */
export function workerdConfig(services: readonly Service[], objectsDirectory: string): string {
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "disk", disk = (path = ${text(objectsDirectory)}, writable = true)),
    (name = "key-value", worker = (${code("key-value.js")})),
    ${list(services, (service) => `(name = ${text(service.name)}, worker = (${worker(service)}))`)}
  ],
  sockets = [
    ${list(services, ({ name }) => `(name = ${text(name)}, address = "127.0.0.1:0", http = (), service = ${text(name)})`)}
  ],
  extensions = [
    (modules = [(name = "bench:failure-limit", internal = true, esModule = embed "failure-limit.js")]),
  ],
);
`;
}

function worker(service: Service): string {
  const { module, vars, objects } = service;
  if (objects === undefined) return `${code(module)}, bindings = [${variables(vars)}]`;
  const classes = wrangler.durable_objects.bindings;
  const own = classes.filter(({ class_name }) => objects.homeOf(class_name) === service.name);
  return `
      ${code(module)},
      bindings = [
        ${variables({ ...wrangler.vars, ...vars })}
        ${list(wrangler.kv_namespaces, (kv) => `(name = ${text(kv.binding)}, kvNamespace = "key-value")`)}
        ${list(wrangler.ratelimits, ({ name }) => `(name = ${text(name)}, wrapped = (moduleName = "bench:failure-limit"))`)}
        ${list(classes, ({ name, class_name }) => `(name = ${text(name)}, durableObjectNamespace = (className = ${text(class_name)}, serviceName = ${text(objects.homeOf(class_name))}))`)}
      ],
      durableObjectNamespaces = [
        ${list(own, ({ class_name }) => `(className = ${text(class_name)}, uniqueKey = ${text(`${service.name}-${class_name}`)}, enableSql = ${objects.storage === "disk"}, preventEviction = ${objects.keep})`)}
      ],
      durableObjectStorage = (${objects.storage === "disk" ? `localDisk = "disk"` : "inMemory = void"}),
    `;
}

function code(module: string): string {
  const { compatibility_date: date, compatibility_flags: flags } = wrangler;
  return `modules = [(name = ${text(module)}, esModule = embed ${text(module)})], compatibilityDate = ${text(date)}, compatibilityFlags = [${flags.map(text).join(", ")}]`;
}

function variables(vars: Readonly<Record<string, string>>): string {
  return list(Object.entries(vars), ([name, value]) => `(name = ${text(name)}, text = ${text(value)})`);
}

function list<T>(items: readonly T[], item: (value: T) => string): string {
  return items.map((value) => `${item(value)},`).join("\n");
}

/** The two languages quote alike. */
function text(value: string): string {
  return JSON.stringify(value);
}
