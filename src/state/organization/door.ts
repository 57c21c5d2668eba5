import { ADMIN, type Actor } from "../../core/organization/organization.ts";
import { isRefusal, refuse, type Refusal } from "../../core/refusal.ts";
import { hasSchema, migrate } from "./migrations.ts";
import type { Directory } from "./people/directory.ts";
import type { RuleChange } from "./people/rule-change.ts";
import type { DirectoryUser } from "./people/user-table.ts";
import type { Rotation } from "./keys/rotation.ts";
import type { Settings } from "./settings.ts";
import type { UsageIntake } from "./usage/usage-intake.ts";

const BEING_ERASED = refuse("admission_unavailable", {
  retryAfter: 5,
  reason: "the organisation is being erased",
});

type Act<T> = (me: DirectoryUser) => T | Promise<T>;

/** Who may come in, and whether there is anything to come into. */
export class Door {
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
   * Whether anything was ever kept, and is not being erased. Asking about an organisation that nobody belongs to must not
   * write.
   */
  get exists(): boolean {
    return this.#exists && !this.#isClosed;
  }

  /** Whether there are tables, be it for a while. */
  get hasTables(): boolean {
    return this.#exists;
  }

  /** Nobody comes in any more, and nothing is changed: the organisation is about to be erased. */
  close(): void {
    this.open();
    this.#settings.close();
    this.#isClosed = true;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Makes the tables when the first person with an identity token comes. */
  open(): void {
    if (this.#exists) return;
    migrate(this.#storage);
    this.#exists = true;
  }

  /** Acts as whom the directory knows by the actor's identity token, unless they are deactivated. */
  async as<T>(actor: Actor, act: Act<T>): Promise<T | Refusal> {
    if (this.#isClosed) return BEING_ERASED;
    this.open();
    this.#rotation.revokeDue(Date.now());
    const me = await this.#directory.see(actor);
    if (isRefusal(me)) return me;
    if (!me.active) return refuse("role_required");
    // Whoever comes in sees when keys were last used.
    this.#usageIntake.takeIn(Date.now());
    return act(me);
  }

  asAdmin<T>(actor: Actor, act: Act<T>): Promise<T | Refusal> {
    return this.as<T | Refusal>(actor, (me) =>
      me.roles.includes(ADMIN) ? act(me) : refuse("role_required"),
    );
  }
}
