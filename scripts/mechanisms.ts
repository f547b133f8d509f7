// Prints the table of what each mechanism is. README shows the same.
import { mechanismTable } from "../lib/mechanism_table.ts";

await Deno.stdout.write(
  new TextEncoder().encode(mechanismTable({ here: true })),
);
