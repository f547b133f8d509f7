// The first run on a machine with empty caches, on a terminal: downloads must
// not erase lines of the log.
import { assert, assertEquals } from "@std/assert";
import {
  differences,
  FAST,
  FAST_FLAGS,
  freshName,
  Running,
} from "./scripts.ts";

/** Can packages be downloaded? A room without a network has none. */
async function isOnline(cache: string): Promise<boolean> {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "scripts/lab.ts"],
    env: { DENO_DIR: cache },
    stderr: "null",
  }).output();
  return success;
}

Deno.test("the first run ever shows every line of the sheet on a terminal of 80 columns", async () => {
  const parent = await Deno.makeTempDir();
  try {
    if (!await isOnline(`${parent}/probe`)) {
      Deno.stderr.writeSync(
        new TextEncoder().encode("skipped: no package can be downloaded\n"),
      );
      return;
    }
    const task = `'${Deno.execPath()}' task -q lab --name=${freshName()} ` +
      FAST_FLAGS.join(" ");
    const terminal =
      'exec script -qfec "stty cols 80 rows 50; $0" /dev/null >&2';
    await using screen = new Running("sh", ["-c", terminal, task], {
      env: { DENO_DIR: `${parent}/cold` },
    });
    const { code } = await screen.ended();
    const start = "INFO:parent:Pid:";
    const at = screen.lines.findIndex((line) => line.includes(start));
    assert(at >= 0, screen.lines.join("\n"));
    const [first, ...more] = screen.lines.slice(at);
    // Before it, a download's bar may have been erased.
    const lines = [first.slice(first.indexOf(start)), ...more];
    const times = screen.times.slice(at);
    const log = lines.join("\n");
    // To move the cursor up, or to erase, would remove lines.
    // deno-lint-ignore no-control-regex -- it is there to find them
    assert(!/\x1b\[[0-9;]*[ABCDHJKfsu]/.test(log), JSON.stringify(log));
    assertEquals(differences({ lines, times }, FAST), [], log);
    assertEquals(code, 0);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});
