import type { GroupStorage } from "../../../src/admission/guard/stored-group.ts";
import type { World } from "./world.ts";

/** The storage of one instance: writes become durable later, in their order, and answers wait for them. */
export class ModelStorage implements GroupStorage {
  isSuperseded = false;
  readonly #world: World;
  readonly #disk: Map<string, unknown>;
  readonly #rows: Map<string, unknown>;
  readonly #stop: () => void;
  #pending: (readonly [string, unknown])[] = [];
  #waiting: (() => void)[] = [];
  #isWriting = false;
  #isDead = false;

  constructor(world: World, disk: Map<string, unknown>, stop: () => void) {
    this.#world = world;
    this.#disk = disk;
    this.#rows = new Map(disk);
    this.#stop = stop;
  }

  readonly kv: GroupStorage["kv"] = {
    get: <T>(name: string) => {
      this.#mayBeUsed(this.#world.platform.stopsSuperseded);
      return this.#rows.get(name) as T | undefined;
    },
    list: <T>({ prefix = "" }: SyncKvListOptions = {}) => {
      this.#mayBeUsed(this.#world.platform.stopsSuperseded);
      return [...this.#rows].filter(([name]) => name.startsWith(prefix)) as [string, T][];
    },
    put: (name: string, value: unknown) => {
      this.#mayBeUsed(true);
      this.#rows.set(name, value);
      this.#pending.push([name, value]);
      this.#write();
    },
    delete: () => {
      throw new Error("guards delete nothing here");
    },
  };

  transactionSync<T>(run: () => T): T {
    return run();
  }

  /** Runs once all that was written is durable. */
  whenDurable(run: () => void): void {
    if (this.#pending.length > 0 && this.#world.platform.holdsAnswers) this.#waiting.push(run);
    else run();
  }

  flush(): void {
    for (const [name, value] of this.#pending) this.#disk.set(name, value);
    this.#pending = [];
  }

  kill(): void {
    this.#isDead = true;
  }

  #mayBeUsed(stopsSuperseded: boolean): void {
    if (this.#isDead || (this.isSuperseded && stopsSuperseded)) throw new Error("superseded");
  }

  #write(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#world.after(this.#world.between(0, this.#world.longestWriteMs), null, () => {
      this.#isWriting = false;
      if (this.#isDead) return;
      if (this.isSuperseded) return this.#stop();
      this.flush();
      const leaving = this.#waiting;
      this.#waiting = [];
      for (const leave of leaving) leave();
    });
  }
}
