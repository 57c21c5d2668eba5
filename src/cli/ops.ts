import { useProxy } from "../command-line.ts";
import { runCommand } from "./run-command.ts";

/** `npm run -s ops`: the operators' command line. */
useProxy();
process.exitCode = await runCommand(process.argv.slice(2), process.env, process);
