// A kernel that refuses what a mechanism needs: `mechanisms` says which, and why.
import { assertEquals, assertMatch } from "@std/assert";
import { freshName, Running, taskArguments } from "../scripts.ts";

const REFUSE = "tests/mechanism/refuse.py";

/** Runs a command; why it is not possible here, or `undefined`. */
function refusal(command: string, ...args: string[]): string | undefined {
  try {
    const { success, stderr } = new Deno.Command(command, { args })
      .outputSync();
    return success ? undefined : new TextDecoder().decode(stderr).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return error.message;
    throw error;
  }
}

function test(name: string, why: string | undefined, fn: () => Promise<void>) {
  const reason = why === undefined ? "" : ` (skipped: ${why})`;
  Deno.test({ name: name + reason, ignore: why !== undefined, fn });
}

const noSeccomp = refusal("python3", REFUSE, "mknod", "true");

for (
  const [via, call, says] of [
    ["queue", "mq_open", /Cannot mq_open \S+: Operation not permitted/],
    ["fifo", "mknod", /Cannot make run\/\S+: Operation not permitted/],
    ["socket", "bind", /Cannot listen at run\/\S+: Operation not permitted/],
  ] as const
) {
  const refusing = [REFUSE, call, Deno.execPath()];

  test(
    `mechanisms says that ${via} is not available if the kernel refuses ${call}(2)`,
    noSeccomp,
    async () => {
      const args = [...refusing, ...taskArguments("mechanisms")];
      await using script = new Running("python3", args);
      const { code, log } = await script.ended();
      assertEquals(code, 0, log);
      const missing = await missingIn(script);
      assertEquals(missing.length, 1, missing.join("\n"));
      assertMatch(missing[0], new RegExp(`^${via} is not available: `));
      assertMatch(missing[0], says);
    },
  );

  test(
    `lab --via=${via} says in one line that the kernel refuses ${call}(2)`,
    noSeccomp,
    async () => {
      const flags = [`--via=${via}`, `--name=${freshName()}`];
      const args = [...refusing, ...taskArguments("lab"), ...flags];
      await using script = new Running("python3", args);
      const { code, log } = await script.ended();
      assertEquals(code, 1, log);
      const errors = script.lines.filter((line) => line.startsWith("ERROR:"));
      assertMatch(errors[0], says);
      assertEquals(/^ +at /m.test(log), false, log); // no stack
    },
  );
}

// A mount namespace of its own, where nobody can write to /dev/shm.
const NO_SHM = [
  "-m",
  "sh",
  "-c",
  'mount -t tmpfs -o ro none /dev/shm && "$@"',
  "sh",
];

test(
  "mechanisms says that shm is not available without a /dev/shm to write to",
  refusal("unshare", ...NO_SHM, "true"),
  async () => {
    const args = [...NO_SHM, Deno.execPath(), ...taskArguments("mechanisms")];
    await using script = new Running("unshare", args);
    assertEquals((await script.ended()).code, 0);
    const missing = await missingIn(script);
    assertEquals(missing.length, 1, missing.join("\n"));
    assertMatch(
      missing[0],
      /^shm is not available: Cannot shm_open \S+: Read-only file system$/,
    );
  },
);

/** What the table says is not available, but for what needs a server. */
async function missingIn(script: Running): Promise<string[]> {
  const text = new TextDecoder().decode(await script.output());
  return text.split("\n").filter((line) =>
    line.includes("is not available") && !line.startsWith("nats")
  );
}
