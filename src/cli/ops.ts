import { runCommand } from "./run-command.ts";

/** `npm run -s ops`: the operators' command line. */
process.exitCode = await runCommand(process.argv.slice(2), process.env, process);
