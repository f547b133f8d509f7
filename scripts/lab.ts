// Parent, process 1 and process 2 in one shell: the lab sheet's run. Flags: --help
import { runCommand } from "../lib/command.ts";
import { runLab } from "../lib/lab.ts";

Deno.exit(await runCommand("lab", "parent", runLab));
