import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions as getWorkerOptions } from "wrangler";
import { bundledWorker } from "./build-bundle.ts";

/** Bindings that are replaced by an entrypoint or object of `test/support/faults.ts`. */
export interface Faults {
  readonly kv?: string;
  readonly guard?: string;
  readonly organization?: string;
  readonly deployment?: string;
  /** The rate-limiting binding. */
  readonly failures?: string;
}

/** How one edge differs from `wrangler.toml`. */
export interface EdgeOptions extends Faults {
  readonly vars?: Readonly<Record<string, string>>;
  /** The Worker that it runs; without it, this version's. */
  readonly worker?: string;
  /** Leads calls to objects and KV, and the clock, through `test/support/links.ts`. */
  readonly links?: boolean;
  /** Binds a dataset whose data points go to the log, each as a line that begins with {@link POINT}. */
  readonly metrics?: boolean;
}

/** Which edge's version of the Worker the objects of a binding run; without it, the first's. */
export type Placement = Readonly<Partial<Record<"KEY_GUARD" | "ORGANIZATION" | "DEPLOYMENT", number>>>;

export interface RuntimeOptions {
  /** Where everything is stored, in the form of `npm start`; without it, it goes with the runtime. */
  readonly stateDir?: string;
  /** The document of the API behind the gateway, relative to the repository; without it, the sample. */
  readonly document?: string;
  readonly placement?: Placement;
}

/** What a line of the log begins with that is a data point of the dataset `METRICS`. */
export const POINT = "data point ";

/** Stands in for the binding, which in local runs takes points and forgets them. It is there before the Worker is. */
const DATASET = `import { env } from "cloudflare:workers";
env.METRICS = { writeDataPoint: (point) => console.log(${JSON.stringify(POINT)} + JSON.stringify(point)) };`;
const WITH_DATASET = `import "./dataset.js";
export * from "./worker.js";
export { default } from "./worker.js";`;

/** Stands around the Worker: what it asks of others, and the time, come through links that can be disturbed. */
const WITH_LINKS = `import { linkedClass, takeState } from "./links.js";
import worker, * as classes from "./worker.js";
export const KeyGuard = linkedClass(classes.KeyGuard);
export const Organization = linkedClass(classes.Organization);
export const Deployment = linkedClass(classes.Deployment);
export default {
  fetch: (request, env, context) => takeState(request) ?? worker.fetch(request, env, context),
};`;

const HOST = "127.0.0.1";

function edgeName(index: number): string {
  return `edge${index}`;
}

/** The part of the options of `wrangler.toml` that is changed here. */
interface WorkerOptions {
  readonly modulesRules?: unknown;
  readonly bindings: Readonly<Record<string, string>>;
  readonly kvNamespaces: Readonly<Record<string, unknown>>;
  readonly durableObjects: Readonly<Record<string, { className: string }>>;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
}

type V4Options = Parameters<typeof convertV4MiniflareOptions>[0];

/** Edges over one set of Durable Objects, on one workerd. */
interface Runtime {
  readonly miniflare: Miniflare;
  /** Where each edge answers. */
  readonly edges: readonly string[];
  /** What the runtime has written to its log. */
  readonly logs: readonly string[];
}

/** Starts the production bundle as several edges, each as `wrangler.toml` says but for its options. */
export async function startRuntime(
  edges: readonly EdgeOptions[],
  { stateDir, document, placement = {} }: RuntimeOptions = {},
): Promise<Runtime> {
  const configPath = join(import.meta.dirname, "../../wrangler.toml");
  const { modulesRules: _, ...worker } = getWorkerOptions(configPath)
    .workerOptions as unknown as WorkerOptions;
  const edge = {
    ...worker,
    modules: [esModule("worker.js", bundledWorker(document))],
    stripCfConnectingIp: false,
    unsafeDirectSockets: [{ host: HOST, port: 0 }],
  };
  const objects = (from: number | null) => placedObjects(worker.durableObjects, placement, from);
  const everywhere = objects(null);
  const links = edges.some((options) => options.links === true) ? await bundleSupport("links.ts") : "";
  const workers = [
    ...edges.map((options, i) => ({
      ...edge,
      ...(options.worker !== undefined && { modules: [esModule("worker.js", options.worker)] }),
      ...(options.metrics === true && {
        modules: [esModule("main.js", WITH_DATASET), esModule("dataset.js", DATASET), ...edge.modules],
      }),
      ...(options.links === true && {
        modules: [
          esModule("main.js", WITH_LINKS),
          esModule("links.js", links),
          ...(options.worker === undefined ? edge.modules : [esModule("worker.js", options.worker)]),
        ],
      }),
      ...bindingsOf(options, objects(i)),
      bindings: { ...worker.bindings, ...options.vars },
      name: edgeName(i),
    })),
    {
      name: "faults",
      modules: [esModule("faults.js", await bundleSupport("faults.ts"))],
      compatibilityDate: worker.compatibilityDate,
      compatibilityFlags: worker.compatibilityFlags,
      // A guard with a fault may stand in front of the real one.
      durableObjects: {
        GUARD: everywhere["KEY_GUARD"],
        ORGANIZATION_BEHIND: everywhere["ORGANIZATION"],
        ...Object.fromEntries(
          edges
            .flatMap(({ guard, organization, deployment }) => [guard, organization, deployment])
            .filter((name) => name !== undefined)
            .map((name) => [name, faultyObject(name)]),
        ),
      },
    },
  ];
  const logs: string[] = [];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      host: HOST,
      ...(stateDir !== undefined && { resourcePersistencePath: stateDir }),
      workers,
      handleStructuredLogs: ({ message }: { message: string }) => logs.push(message),
    } as unknown as V4Options),
  );
  await miniflare.ready;
  const urls = await Promise.all(edges.map((_edge, i) => miniflare.unsafeGetDirectURL(edgeName(i))));
  return { miniflare, edges: urls.map((url) => url.origin), logs };
}

function esModule(path: string, contents: string) {
  return { type: "ESModule" as const, path, contents };
}

/** The objects as one edge, or none, sees them. They are stored under the names that `npm start` gives them. */
function placedObjects(
  objects: WorkerOptions["durableObjects"],
  placement: Placement,
  from: number | null,
): Record<string, object> {
  return Object.fromEntries(
    Object.entries(objects).map(([name, object]) => {
      const at = placement[name as keyof Placement] ?? 0;
      const stored = { ...object, unsafeUniqueKey: `portcullis-${object.className}` };
      return [name, at === from ? stored : { ...stored, scriptName: edgeName(at) }];
    }),
  );
}

/** The bindings of an edge that are not as in `wrangler.toml`. */
function bindingsOf(
  { kv, guard, organization, deployment, failures }: EdgeOptions,
  objects: Readonly<Record<string, object>>,
): object {
  return {
    durableObjects: {
      ...objects,
      ...(guard !== undefined && { REAL_GUARD: objects["KEY_GUARD"], KEY_GUARD: faultyObject(guard) }),
      ...(organization !== undefined && {
        REAL_ORGANIZATION: objects["ORGANIZATION"],
        ORGANIZATION: faultyObject(organization),
      }),
      ...(deployment !== undefined && { DEPLOYMENT: faultyObject(deployment) }),
    },
    ...(kv !== undefined && { kvNamespaces: {} }),
    ...(failures !== undefined && { ratelimits: {} }),
    serviceBindings: {
      ...(kv !== undefined && { KEY_RECORDS: { name: "faults", entrypoint: kv } }),
      ...(failures !== undefined && { FAILURES: { name: "faults", entrypoint: failures } }),
    },
  };
}

function faultyObject(className: string) {
  return { className, scriptName: "faults", useSQLite: true };
}

const bundled = new Map<string, Promise<string>>();

/** A file of this folder as one module; built once for all tests of a worker. */
function bundleSupport(file: string): Promise<string> {
  const known = bundled.get(file) ?? buildSupport(file);
  bundled.set(file, known);
  return known;
}

async function buildSupport(file: string): Promise<string> {
  const result = await build({
    entryPoints: [join(import.meta.dirname, file)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    external: ["cloudflare:*", "node:*"],
  });
  return result.outputFiles[0]?.text ?? "";
}

/** Kills the runtimes of this process, as a power cut would. */
export function killRuntimes(): void {
  const tasks = `/proc/${process.pid}/task`;
  const children = readdirSync(tasks).flatMap((task) =>
    readFileSync(`${tasks}/${task}/children`, "utf8").trim().split(" "),
  );
  for (const pid of children.filter((each) => each !== "")) {
    if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("workerd"))
      process.kill(Number(pid), "SIGKILL");
  }
}
