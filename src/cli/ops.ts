import { readCommand, USAGE } from "./arguments.ts";
import { ask } from "./ask.ts";
import { CliError } from "./cli-error.ts";
import { importFile } from "./import.ts";
import { list } from "./list.ts";
import { reconcile } from "./reconcile.ts";
import { revoke } from "./revoke.ts";
import { withoutSecrets } from "../core/key/key-secret.ts";

/** `npm run -s ops`: the operators' command line. Whatever it prints goes through {@link withoutSecrets}. */
async function main(): Promise<number> {
  const print = (text: string): void => void process.stdout.write(withoutSecrets(text));
  try {
    const command = readCommand(process.argv.slice(2), process.env);
    switch (command.name) {
      case "help":
        print(USAGE);
        return 0;
      case "revoke":
        return await revoke(command, print);
      case "list":
        return await list(command, print);
      case "reconcile":
        return await reconcile(command, print);
      case "ask":
        return await ask(command, print);
      case "import":
        return await importFile(command, print);
    }
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    process.stderr.write(`${withoutSecrets(error.message)}\n`);
    return 1;
  }
}

process.exitCode = await main();
