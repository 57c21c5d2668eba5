import { readCommand, USAGE } from "./arguments.ts";
import { ask } from "./ask.ts";
import { CliError } from "./cli-error.ts";
import { importFile } from "./import.ts";
import { list } from "./list.ts";
import { reconcile } from "./reconcile.ts";
import { revoke } from "./revoke.ts";
import type { Terminal } from "./terminal.ts";
import { withoutSecrets } from "../core/key/key-secret.ts";

/** Runs one command of the operators and gives its exit code. Whatever it prints goes through {@link withoutSecrets}. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  terminal: Terminal,
): Promise<number> {
  const print = (text: string): void => void terminal.stdout.write(withoutSecrets(text));
  try {
    const command = readCommand(args, env);
    switch (command.name) {
      case "help":
        print(USAGE);
        return 0;
      case "revoke":
        return await revoke(command, print, terminal);
      case "list":
        return await list(command, print);
      case "reconcile":
        return await reconcile(command, print, terminal);
      case "ask":
        return await ask(command, print);
      case "import":
        return await importFile(command, print, terminal);
    }
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    terminal.stderr.write(`${withoutSecrets(error.message)}\n`);
    return 1;
  }
}
