import type { Difference, ReconciliationLine } from "../api-types/reconciliations.ts";
import type { Place, ReconcileCommand } from "./arguments.ts";
import { BrokenOff, CliError, NotOurs, Silent, Unavailable } from "./cli-error.ts";
import { OperatorClient } from "./client.ts";
import { ProgressBar } from "./progress-bar.ts";
import { GrowingTable } from "./table.ts";
import type { Terminal } from "./terminal.ts";

const HEADING = ["KEY", "ORGANISATION", "DIFFERENCE", "FIELDS", "SETTLED"];
/** Guards of one request: what a break in the middle makes the next run compare again. */
const GUARDS_A_REQUEST = 200;
/** Exit code when not everything was compared. */
const NOT_KNOWN = 2;
/** Exit code of a program that was interrupted at the terminal. */
const INTERRUPTED = 130;

/** The gateway, as far as this needs it. */
export type Reconciler = Pick<OperatorClient, "organizations" | "reconcile">;

/** Where the outcome goes. */
interface Outlet {
  readonly print: (text: string) => void;
  /** To standard error. */
  readonly tell: (text: string) => void;
  readonly bar: ProgressBar;
}

/**
 * `reconcile`: prints how organisations, guards and KV differ; the exit code tells whether differences remain, or that not
 * everything could be compared.
 */
export async function reconcile(
  command: ReconcileCommand,
  print: (text: string) => void,
  { stderr }: Terminal,
): Promise<number> {
  const tell = (text: string): void => void stderr.write(text);
  const outlet = { print, tell, bar: new ProgressBar(stderr) };
  const walk = new Walk(command, new OperatorClient(command), outlet);
  const interrupt = (): void => {
    walk.stop("Interrupted");
    process.exit(INTERRUPTED);
  };
  process.once("SIGINT", interrupt);
  try {
    return await walk.run();
  } finally {
    process.removeListener("SIGINT", interrupt);
  }
}

/** Goes through organisations and their guards, a page at a time, and prints what differs as it is known. */
export class Walk {
  readonly #command: ReconcileCommand;
  readonly #client: Reconciler;
  readonly #outlet: Outlet;
  readonly #table = new GrowingTable(HEADING);
  /** Differences that are not printed yet. */
  readonly #found: Difference[] = [];
  /** For the output that is one JSON document. */
  readonly #collected: Difference[] = [];
  readonly #failed: Place[] = [];
  #at: Place | null = null;
  /** Organisations one after the other of which the gateway said nothing. */
  #silent = 0;
  #guards = 0;
  #differences = 0;
  #settled = 0;

  constructor(command: ReconcileCommand, client: Reconciler, outlet: Outlet) {
    this.#command = command;
    this.#client = client;
    this.#outlet = outlet;
  }

  async run(): Promise<number> {
    const organizations = await this.#organizations();
    try {
      for (const [i, orgId] of organizations.entries()) {
        await this.#through(orgId, ` (organisation ${i + 1} of ${organizations.length})`);
      }
    } catch (error) {
      if (!(error instanceof CliError) || (this.#guards === 0 && !(error instanceof BrokenOff))) throw error;
      this.stop(error.message);
      return NOT_KNOWN;
    }
    this.#report(organizations.length);
    // Of an organisation that was not compared nobody knows whether anything differs.
    if (this.#failed.length > 0) return NOT_KNOWN;
    return this.#settled < this.#differences ? 1 : 0;
  }

  /** Prints what is known, and how to go on from there. */
  stop(why: string): void {
    this.#printFound();
    this.#outlet.bar.clear();
    if (this.#command.output === "json") this.#printDocument({ ...this.#counts(), complete: false });
    this.#outlet.tell(`${why}\n`);
    this.#tellFailed();
    if (this.#at !== null) {
      this.#outlet.tell(`The same command goes on from there with --from ${placeText(this.#at)}\n`);
    }
  }

  async #organizations(): Promise<string[]> {
    const { org, from } = this.#command;
    if (org !== null) return [org];
    const all = (await this.#client.organizations()).toSorted();
    if (from === null) return all;
    if (!all.includes(from.orgId)) {
      throw new CliError(`--from names ${from.orgId}, and no organisation with keys has this id`);
    }
    return all.filter((orgId) => orgId >= from.orgId);
  }

  /** Compares the guards of one organisation. One that cannot be compared is named, and the others are gone through. */
  async #through(orgId: string, which: string): Promise<void> {
    const { from } = this.#command;
    let cursor = from?.orgId === orgId ? from.cursor : null;
    let compared = 0;
    try {
      do {
        this.#at = { orgId, cursor };
        const { summary, pagination } = await this.#page(orgId, cursor);
        compared += summary.guards;
        this.#guards += summary.guards;
        cursor = pagination.nextCursor;
        this.#silent = 0;
        this.#outlet.bar.show(compared, Math.max(summary.total, compared), ` guards of ${orgId}${which}`);
      } while (cursor !== null);
    } catch (error) {
      if (!(error instanceof BrokenOff || error instanceof Unavailable) || error instanceof NotOurs)
        throw error;
      this.#silent = error instanceof Silent ? this.#silent + 1 : 0;
      if (this.#silent > 1) throw error;
      this.#outlet.bar.clear();
      this.#failed.push({ orgId, cursor });
      this.#outlet.tell(`${orgId}: ${error.message}\n`);
    }
  }

  async #page(orgId: string, cursor: string | null): Promise<End> {
    let end: End | null = null;
    try {
      for await (const line of this.#client.reconcile(orgId, this.#command.fix, GUARDS_A_REQUEST, cursor)) {
        if ("summary" in line) end = line;
        else this.#found.push(line);
      }
    } finally {
      this.#printFound();
    }
    if (end === null) throw new BrokenOff("The answer broke off.");
    return end;
  }

  #printFound(): void {
    const { output } = this.#command;
    const found = this.#found.splice(0);
    if (found.length === 0) return;
    this.#differences += found.length;
    this.#settled += found.filter(({ settled }) => settled).length;
    this.#outlet.bar.clear();
    if (output === "ndjson") for (const each of found) this.#outlet.print(`${JSON.stringify(each)}\n`);
    if (output === "json") this.#collected.push(...found);
    if (output === "table") this.#outlet.print(this.#table.add(found.map(rowOf)));
  }

  #report(organizations: number): void {
    const summary = { organizations, ...this.#counts() };
    this.#outlet.bar.clear();
    if (this.#command.output === "ndjson") this.#outlet.print(`${JSON.stringify({ summary })}\n`);
    if (this.#command.output === "json") this.#printDocument(summary);
    this.#tellFailed();
    const { guards, differences, settled } = summary;
    this.#outlet.tell(
      `${organizations} organisations, ${guards} guards, ${differences} differences, ${settled} settled\n`,
    );
  }

  /** Names what was left behind: going on from a later place does not come back to it. */
  #tellFailed(): void {
    for (const place of this.#failed) {
      this.#outlet.tell(`Not compared in full: ${place.orgId} (go on with --from ${placeText(place)})\n`);
    }
  }

  #counts() {
    return { guards: this.#guards, differences: this.#differences, settled: this.#settled };
  }

  #printDocument(summary: object): void {
    this.#outlet.print(`${JSON.stringify({ summary, differences: this.#collected }, null, 2)}\n`);
  }
}

type End = Extract<ReconciliationLine, { readonly summary: object }>;

function placeText({ orgId, cursor }: Place): string {
  return cursor === null ? orgId : `${orgId}/${cursor}`;
}

function rowOf({ keyId, orgId, guard, difference, fields, settled }: Difference): (string | null)[] {
  return [
    keyId,
    orgId,
    keyId === null ? `${difference} ${guard}` : difference,
    fields.length === 0 ? null : fields.join(","),
    settled ? "yes" : "no",
  ];
}
