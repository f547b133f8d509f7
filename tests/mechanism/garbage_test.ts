// Garbage in every channel with a name: the real consumer reports it, goes
// on or ends by itself, and keeps none of it.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { FORMATS } from "../../lib/message/formats.ts";
import { mechanismNamed, MECHANISMS } from "../mechanisms.ts";
import { type Format, Message } from "../../lib/message/message.ts";
import { available } from "../../lib/posix/available.ts";
import { openShared } from "../../lib/posix/shm.ts";
import { lcg } from "../lcg.ts";
import { Channel, Pool } from "./peers.ts";
import {
  freshName,
  objectName,
  peakMemory,
  range,
  run,
  start,
} from "../scripts.ts";

const SEED = 1;
// Lines cost one report for each 256 random bytes; 48 MiB of headers are quick.
const NOISE: Record<string, number> = { line: 2 ** 19, header: 48 * 2 ** 20 };
// So do the queue's short records; shm's records pass the same code.
const NOISE_IN_QUEUE = 2 ** 20;
const MOST_KEPT = 40 * 2 ** 20; // bytes, with the garbage of some thousand reports
/**
 * A client of a server has buffers of its own, and each is collected late: more
 * noise, and a wider limit, that still shows if any of it was kept.
 */
const ACROSS = 3;
/** A small young generation: the garbage collector runs often. */
const TIDY = { DENO_V8_FLAGS: "--max-semi-space-size=1" };

const pool = new Pool();
Deno.test.afterAll(() => pool[Symbol.asyncDispose]());

function encoded(format: Format, text: string): string {
  const fields = {
    type: "data",
    from: "test",
    to: "test",
    seq: 1,
    priority: 0,
  };
  return new TextDecoder().decode(format.encode(Message.of(text, fields)));
}

for (const mechanism of MECHANISMS) {
  const { name: via, properties, available } = mechanism;
  if (properties.openedBy !== "name") continue;
  const ignore = available() !== true;
  for (const format of Object.values(FORMATS)) {
    Deno.test({
      name:
        `${via}: random bytes (seed ${SEED}) for --format=${format.name} are reported, survived and not kept`,
      ignore,
      async fn() {
        await using channel = new Channel(mechanism, { pool });
        const { name } = channel.address;
        const flags = [
          "--until-end",
          "--wait=block",
          `--format=${format.name}`,
        ];
        await using reader = start(
          "consumer",
          [`--via=${via}`, `--name=${name}`, ...flags],
          { env: TIDY },
        );
        await reader.saw("Pid:");
        const before = peakMemory(reader.pid);
        const sender = await channel.sender();
        const across = properties.settles === "in time" &&
            format.name === "header"
          ? ACROSS
          : 1;
        const noise = via === "queue" ? NOISE_IN_QUEUE : NOISE[format.name];
        const bytes = noise * across;
        const text = `\n${encoded(format, "lost")}${encoded(format, "found")}`;
        await sender.do({ do: "noise", seed: SEED, bytes, text });
        await reader.saw("Read: found");
        await reader.saw("ERROR:process2:Cannot read a ");
        const more = peakMemory(reader.pid) - before;
        assert(more < MOST_KEPT * across, `${more} bytes`);
        await sender.do({ do: "close" });
        assertEquals((await reader.ended()).code, 1);
      },
    });
  }
}

Deno.test({
  name:
    `random words (seeds from ${SEED}) in a segment that is in use: the consumer ends by itself, with a clear line`,
  ignore: available() !== true,
  async fn() {
    const { remove } = await mechanismNamed("shm").load();
    const rounds = range(SEED, SEED + 3).map(async (seed) => {
      const random = lcg(seed);
      const name = freshName();
      const flags = ["--via=shm", `--name=${name}`, "--capacity=4"];
      await run("producer", [...flags, "--count=4", "--pause=0"]);
      {
        using segment = openShared(objectName(name));
        const words = new Int32Array(segment.memory);
        // Past the head's first words, which say what kind of ring it is; in
        // the head, or in the cells' first words, 32 words from cell to cell.
        for (let i = 0; i < 8; i++) {
          const place = random(2)
            ? 4 + random(44)
            : 48 + random(4) * 32 + random(4);
          words[place] = random(2 ** 32) >> random(32);
        }
      }
      const { code, log } = await run(
        "consumer",
        [...flags, "--wait=block", "--timeout=300ms"],
      );
      await remove({ name });
      assertMatch(log.split("\n").at(-1)!, /^(INFO|ERROR):process2:/, log);
      assertEquals(code, 1, log);
    });
    await Promise.all(rounds);
  },
});
