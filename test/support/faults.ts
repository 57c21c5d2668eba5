import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import type { KeyRecord } from "../../src/core/key/key-record.ts";
import type { KeyGuard, KeyMatch } from "../../src/admission/guard/key-guard.ts";
import { groupOfKey } from "../../src/admission/key-guards.ts";
import type { Question } from "../../src/admission/protocol.ts";
import type { Organization } from "../../src/state/organization/organization.ts";
import { readJson } from "./json.ts";

/** KV as it is when it is down. */
export class BrokenKv extends WorkerEntrypoint {
  get(): never {
    throw new Error("KV is down");
  }
  put(): never {
    throw new Error("KV is down");
  }
}

/** KV that never answers. */
export class SilentKv extends WorkerEntrypoint {
  get(): Promise<never> {
    return silence();
  }
  put(): Promise<never> {
    return silence();
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

/** A rate-limiting binding that does not answer. */
export class BrokenFailures extends WorkerEntrypoint {
  limit(): never {
    throw new Error("The limiter is down");
  }
}

/** A guard that throws at everything. */
export class BrokenGuard extends DurableObject {
  ask(): never {
    throw new Error("The object is broken");
  }
  look(): never {
    throw new Error("The object is broken");
  }
  put(): never {
    throw new Error("The object is broken");
  }
  cut(): never {
    throw new Error("The object is broken");
  }
}

/** An organisation that fails at everything, whatever it is asked. */
export class BrokenOrganization extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    throw new Error("The object is broken");
  }
}

/** A guard that never answers an edge. */
export class SilentGuard extends DurableObject {
  ask(): Promise<never> {
    return silence();
  }
  look(): Promise<never> {
    return silence();
  }
}

/** A guard of a version that gives leases in another form. */
export class StrangeGuard extends DurableObject {
  ask(): unknown {
    return { revision: 1, lease: { seconds: 1 }, changed: {}, keys: {}, ahead: false };
  }
  look(): never {
    throw new Error("Another version looks otherwise");
  }
}

/** A deployment's object that cannot be reached. */
export class BrokenDeployment extends DurableObject {
  assertionKey(): never {
    throw new Error("The object is broken");
  }
  publicKeys(): never {
    throw new Error("The object is broken");
  }
}

/** A guard as the platform answers for it under too many requests. */
export class OverloadedGuard extends DurableObject {
  ask(): never {
    throw overloaded();
  }
  look(): never {
    throw overloaded();
  }
}

function silence(): Promise<never> {
  return new Promise(() => {});
}

function overloaded(): Error {
  return Object.assign(new Error("Durable Object is overloaded. Too many requests queued."), {
    overloaded: true,
  });
}

/**
 * What an organisation's changes meet at the moment: a guard that cannot be reached, one that takes the change and
 * whose answer is lost, or KV that is down.
 */
export type Outage =
  | "guard unreachable"
  | "guard hangs"
  | "guard answer lost"
  | "KV down"
  | "organization throws"
  | "organization full"
  | "organization hangs";
const outages = new Map<string, Outage>();

/** The real guard behind a link that can be cut: for one organisation or one guard at a time or, for a cut, one key. */
export class FlakyGuard extends DurableObject<{ GUARD: DurableObjectNamespace<KeyGuard> }> {
  readonly #guard = this.env.GUARD.getByName(this.ctx.id.name ?? "");

  ask(question: Question): ReturnType<KeyGuard["ask"]> | Promise<unknown> {
    return this.#guard.ask(question);
  }
  look(matches: readonly KeyMatch[]): Promise<unknown> {
    return this.#guard.look(matches);
  }
  async list(): Promise<unknown> {
    this.#requireReachable();
    return this.#guard.list();
  }
  takeTokenIssue(keyId: string): Promise<number> {
    return this.#guard.takeTokenIssue(keyId);
  }
  deliverUsage(): Promise<void> {
    return this.#guard.deliverUsage();
  }
  async revokeToken(...args: Parameters<KeyGuard["revokeToken"]>): Promise<unknown> {
    if (this.#hasOutage("guard unreachable", args[0])) throw new Error("The object cannot be reached");
    return this.#guard.revokeToken(...args);
  }
  async cut(matches: readonly KeyMatch[]): Promise<unknown> {
    for (const match of matches) {
      if (this.#hasOutage("guard unreachable", match)) throw new Error("The object cannot be reached");
      while (this.#hasOutage("guard hangs", match)) await scheduler.wait(10);
    }
    return this.#guard.cut(matches);
  }
  async erase(orgId: string): Promise<unknown> {
    this.#requireReachable();
    return this.#guard.erase(orgId);
  }
  async put(orgId: string, records: readonly KeyRecord[]): Promise<unknown> {
    const names = [orgId, this.ctx.id.name ?? ""];
    const has = (outage: Outage) => names.some((name) => outages.get(name) === outage);
    while (has("guard hangs")) await scheduler.wait(10);
    if (has("guard unreachable")) throw new Error("The object cannot be reached");
    const confirmations = await this.#guard.put(orgId, records);
    if (outages.get(orgId) === "guard answer lost") throw new Error("The connection was lost");
    return confirmations;
  }

  #requireReachable(): void {
    if (outages.get(this.ctx.id.name ?? "") === "guard unreachable") {
      throw new Error("The object cannot be reached");
    }
  }

  /** Outages are of a key; its guard is that of its group, or one of its own. */
  #hasOutage(outage: Outage, { keyId }: KeyMatch): boolean {
    const own = this.ctx.id.name === keyId || this.ctx.id.name === groupOfKey(keyId);
    return own && outages.get(keyId) === outage;
  }
}

/** The real organisation behind a link that can be cut, or go silent; or as if it had no room to write. */
export class FlakyOrganization extends DurableObject<{
  ORGANIZATION_BEHIND: DurableObjectNamespace<Organization>;
}> {
  readonly #name = this.ctx.id.name ?? "";

  async #ask<T>(ask: (organization: DurableObjectStub<Organization>) => Promise<T>): Promise<T> {
    const outage = outages.get(this.#name);
    if (outage === "organization throws") throw new Error("The object is broken");
    while (outages.get(this.#name) === "organization hangs") await scheduler.wait(10);
    return ask(this.env.ORGANIZATION_BEHIND.getByName(this.#name));
  }
  #write<T>(write: (organization: DurableObjectStub<Organization>) => Promise<T>): Promise<T> {
    if (outages.get(this.#name) !== "organization full") return this.#ask(write);
    throw new Error("database or disk is full: SQLITE_FULL");
  }

  bootstrap(...args: Parameters<Organization["bootstrap"]>) {
    return this.#write((organization) => organization.bootstrap(...args));
  }
  createKey(...args: Parameters<Organization["createKey"]>) {
    return this.#write((organization) => organization.createKey(...args));
  }
  describeKey(...args: Parameters<Organization["describeKey"]>) {
    return this.#ask((organization) => organization.describeKey(...args));
  }
  signToken(...args: Parameters<Organization["signToken"]>) {
    return this.#ask((organization) => organization.signToken(...args));
  }
  publicKeys() {
    return this.#ask((organization) => organization.publicKeys());
  }
  noteTokenRevoked(...args: Parameters<Organization["noteTokenRevoked"]>) {
    return this.#write((organization) => organization.noteTokenRevoked(...args));
  }
  updateKey(...args: Parameters<Organization["updateKey"]>) {
    return this.#write((organization) => organization.updateKey(...args));
  }
  revokeKey(...args: Parameters<Organization["revokeKey"]>) {
    return this.#write((organization) => organization.revokeKey(...args));
  }
  listAuditEvents(...args: Parameters<Organization["listAuditEvents"]>) {
    return this.#ask((organization) => organization.listAuditEvents(...args));
  }
  isActive(...args: Parameters<Organization["isActive"]>) {
    return this.#ask((organization) => organization.isActive(...args));
  }
  listKeyIds(...args: Parameters<Organization["listKeyIds"]>) {
    return this.#ask((organization) => organization.listKeyIds(...args));
  }
  noteCuts(...args: Parameters<Organization["noteCuts"]>) {
    return this.#write((organization) => organization.noteCuts(...args));
  }
}

/** KV that fails for one organisation at a time. */
export class FlakyKv extends WorkerEntrypoint {
  static readonly #values = new Map<string, string>();

  get(key: string): unknown {
    const value = FlakyKv.#values.get(key);
    return value === undefined ? null : JSON.parse(value);
  }
  put(key: string, value: string): void {
    const { orgId } = readJson<KeyRecord>(value);
    if (outages.get(orgId) === "KV down") throw new Error("KV is down");
    FlakyKv.#values.set(key, value);
  }
}

/** `PUT /<organisation or key>` with an {@link Outage} starts it, `DELETE` ends it. */
export default class extends WorkerEntrypoint {
  override async fetch(request: Request): Promise<Response> {
    const orgId = new URL(request.url).pathname.slice(1);
    if (request.method === "PUT") outages.set(orgId, (await request.text()) as Outage);
    else outages.delete(orgId);
    return new Response(null, { status: 204 });
  }
}
