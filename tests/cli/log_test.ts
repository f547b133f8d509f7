// The log where people look at it: colours, control characters, full descriptors.
import { spawn } from "node:child_process";
import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { ProcessLog, startLog } from "../../lib/cli/log.ts";
import { read, setNonBlocking } from "../../lib/posix/file.ts";
import { Pipe } from "../../lib/posix/pipe.ts";
import { freshName, leftovers, start, taskArguments } from "../scripts.ts";

const PERMISSIONS = ["--allow-read=.", "--allow-write=run", "--allow-ffi"];

Deno.test("what a terminal would obey is shown, U+0080 to U+009F too; U+FEFF stays", () => {
  const lines: string[] = [];
  startLog({ write: (line) => lines.push(line) });
  new ProcessLog("a").read("\x1b[31m\u009b2J\u0080\ufeff\u00e9", 1);
  assertEquals(lines, ["INFO:a:Read: \\x1b[31m\\x9b2J\\x80\ufeff\u00e9"]);
});

Deno.test("a terminal gets colours, and neither a file nor NO_COLOR does", async () => {
  const command = `'${Deno.execPath()}' run -q scripts/producer.ts`;
  for (
    const [env, coloured] of [["-u NO_COLOR", true], ["NO_COLOR=1", false]]
  ) {
    const { stdout } = await new Deno.Command("script", {
      args: ["-qfec", `env ${env} ${command}`, "/dev/null"],
      stdin: "null",
    }).output();
    const text = new TextDecoder().decode(stdout);
    assert(text.includes("Cannot run producer"), text);
    assertEquals(text.includes("\x1b[31mERROR"), coloured, text);
  }
  const { stderr } = await new Deno.Command("sh", {
    args: ["-c", `env -u NO_COLOR ${command}`],
  })
    .output();
  assert(!new TextDecoder().decode(stderr).includes("\x1b"));
});

Deno.test("a progress bar is drawn where nothing else is, and not beside values or in a lab", async () => {
  const cases: [task: "producer" | "consumer" | "lab", bar: boolean, string][] =
    [
      ["producer", true, "--via=queue --capacity=10 --count=10"],
      ["consumer", false, "--via=queue --capacity=10 --count=10 --output=-"],
      ["producer", false, "--via=pipe --count=10 | cat > /dev/null"],
      ["lab", false, "--count=10"],
      ["lab", false, "--count=10 --via=workers"],
    ];
  const name = freshName();
  for (const [task, bar, flags] of cases) {
    const args = taskArguments(task).join(" ");
    const command = `'${Deno.execPath()}' ${args} --quiet --name=${name}`;
    const { code, stdout } = await new Deno.Command("script", {
      args: ["-qfec", `${command} ${flags}`, "/dev/null"],
      stdin: "null",
    }).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(code, 0, text);
    assertEquals(/ing \[[=-]*\]/.test(text), bar, text);
  }
  assertEquals(leftovers(name), []);
});

for (const which of ["standard error", "standard output"] as const) {
  Deno.test(`a full ${which} that does not block loses nothing`, async () => {
    const name = freshName();
    using pipe = new Pipe();
    setNonBlocking(pipe.input, true);
    const count = 3000;
    const channel = [`--name=${name}`, `--count=${count}`];
    await using producer = start("producer", [...channel, "--quiet"]);
    const says = which === "standard error"; // that a value was read
    const child = spawn(Deno.execPath(), [
      ...["run", "-q", "--no-prompt", ...PERMISSIONS],
      ...["scripts/consumer.ts", ...channel, "--wait=block"],
      ...says ? [] : ["--output=-", "--quiet"],
    ], {
      stdio: [
        "ignore",
        says ? "ignore" : pipe.input,
        says ? pipe.input : "ignore",
      ],
    });
    let text = "";
    let code: number | null | undefined;
    child.on("exit", (exitCode) => code = exitCode);
    setNonBlocking(pipe.output, true);
    const buffer = new Uint8Array(1024);
    for (;;) { // slowly, so that the pipe is full most of the time
      const size = read(pipe.output, buffer);
      if (size > 0) text += new TextDecoder().decode(buffer.subarray(0, size));
      else if (code !== undefined) break;
      await delay(size > 0 ? 0 : 5);
    }
    assertEquals(code, 0);
    await producer.ended();
    const lines = text.split("\n").filter((line) =>
      says ? line.includes("Read: ") : line
    );
    assertEquals(lines.length, count);
    assertEquals(leftovers(name), []);
  });
}
