import { BEING_ERASED } from "../../core/organization/erasure.ts";
import { ADMIN, type Actor } from "../../core/organization/organization.ts";
import { isNearlyFull, NO_ROOM } from "../../core/organization/storage-room.ts";
import { isRefusal, refuse, type Result } from "../../core/refusal.ts";
import { hasSchema, migrate } from "./migrations.ts";
import type { Directory } from "./people/directory.ts";
import type { RuleChange } from "./people/rule-change.ts";
import type { DirectoryUser } from "./people/user-table.ts";
import type { Rotation } from "./keys/rotation.ts";
import type { Settings } from "./settings.ts";
import type { UsageIntake } from "./usage/usage-intake.ts";

type Act<T> = (me: DirectoryUser) => T | Promise<T>;

/** Authorizes acts of people on the organisation, whose tables the first of them creates. */
export class Authorize {
  readonly #storage: DurableObjectStorage;
  readonly #directory: Directory;
  readonly #rotation: Rotation;
  readonly #usageIntake: UsageIntake;
  readonly #settings: Settings;
  #exists: boolean;
  #isClosed = false;

  constructor(
    storage: DurableObjectStorage,
    parts: {
      directory: Directory;
      rotation: Rotation;
      ruleChange: RuleChange;
      usageIntake: UsageIntake;
      settings: Settings;
    },
  ) {
    this.#storage = storage;
    this.#directory = parts.directory;
    this.#rotation = parts.rotation;
    this.#usageIntake = parts.usageIntake;
    this.#settings = parts.settings;
    this.#exists = hasSchema(storage.sql);
    if (!this.#exists) return;
    migrate(storage);
    this.#isClosed = this.#settings.isClosed();
    if (this.#isClosed) return;
    parts.ruleChange.follow(Date.now());
  }

  /**
   * Whether the organisation has data and is not being erased. A question about an organisation without members must not
   * create its tables.
   */
  get exists(): boolean {
    return this.#exists && !this.#isClosed;
  }

  /** Whether there are tables, also those of an organisation that is being erased. */
  get hasTables(): boolean {
    return this.#exists;
  }

  /** Refuses all further acts: the organisation is being erased. */
  close(): void {
    this.open();
    this.#settings.close();
    this.#isClosed = true;
  }

  /** Whether the storage is so full that only acts which take access away are admitted. */
  get isNearlyFull(): boolean {
    return isNearlyFull(this.#storage.sql.databaseSize);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Creates the tables, for the first person with an identity token. */
  open(): void {
    if (this.#exists) return;
    migrate(this.#storage);
    this.#exists = true;
  }

  /** Runs an act as the actor's user in the directory; refuses a deactivated user. */
  async as<T>(actor: Actor, act: Act<T>): Promise<Result<T>> {
    if (this.#isClosed) return BEING_ERASED;
    this.open();
    this.#rotation.revokeDue(Date.now());
    const me = await this.#directory.see(actor);
    if (isRefusal(me)) return me;
    if (!me.active) return refuse("role_required");
    // So that this answer shows the last use of keys.
    this.#usageIntake.takeIn(Date.now());
    return act(me);
  }

  /** The act, if it adds to what is stored: refused while there is no room for that. */
  adding<T>(act: Act<T>): Act<Result<T>> {
    return (me) => (this.isNearlyFull ? NO_ROOM : act(me));
  }

  /** The same for admins alone. */
  asAdmin<T>(actor: Actor, act: Act<T>): Promise<Result<T>> {
    return this.as<Result<T>>(actor, (me) => (me.roles.includes(ADMIN) ? act(me) : refuse("role_required")));
  }
}
