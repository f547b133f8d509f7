import { assertEquals } from "@std/assert";
import type { Mechanism } from "../../lib/channel/mod.ts";
import { consume } from "../../lib/lab/consumer.ts";
import { line } from "../../lib/message/line.ts";
import { numbers } from "../../lib/lab/input.ts";
import { ProcessLog, startLog } from "../../lib/cli/log.ts";
import { mechanismNamed } from "../../lib/mechanism/mod.ts";
import { produce } from "../../lib/lab/producer.ts";
import { Progress } from "../../lib/cli/progress.ts";
import { freshName } from "../scripts.ts";
import { VirtualClock } from "../wait/virtual_clock.ts";

/** The sheet's run: process 2 comes one second after process 1. */
async function sheetRun(mechanism: Mechanism): Promise<string> {
  const lines: string[] = [];
  startLog({ write: (line) => lines.push(line) });
  const clock = new VirtualClock();
  const wait = { delay: 1000, clock };
  const address = { name: freshName(), capacity: 16 };
  const { allocate, openReceiver, openSender } = await mechanism.load();
  const memory = allocate?.(address);
  const common = {
    format: line,
    wait,
    interval: 0,
    reopens: true,
    quiet: false,
    progress: Progress.silent(clock),
  };
  await using receiver = await openReceiver({ ...address, memory });
  await using sender = await openSender({ ...address, memory });

  new ProcessLog("parent", 16740).start();
  const log = new ProcessLog("process1", 2796);
  log.start();
  const process1 = produce(sender, {
    ...common,
    source: numbers(1, 10),
    pauseEvery: 6,
    pause: 5000,
    log,
  });
  const process2 = clock.sleep(1000).then(() => {
    const log = new ProcessLog("process2", 12832);
    log.start();
    return consume(receiver, {
      ...common,
      count: 10,
      boundaries: mechanism.properties.boundaries,
      log,
    });
  });
  assertEquals(await clock.run(Promise.all([process1, process2])), [
    true,
    true,
  ]);
  return lines.map((line) => line + "\n").join("");
}

for (const mechanism of ["fifo", "workers"].map(mechanismNamed)) {
  Deno.test(`produce() and consume() over ${mechanism.name} give the sheet's transcript to the byte`, async () => {
    assertEquals(
      await sheetRun(mechanism),
      await Deno.readTextFile("fixtures/lab-sheet.txt"),
    );
  });
}
