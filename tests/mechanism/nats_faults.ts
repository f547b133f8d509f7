// What breaks a channel across machines, on purpose and many times: the server
// is killed, the connection cut, a process killed, the disk full, the cable
// pulled. Each run moves values with the real scripts and counts what came.
//   deno run -A tests/mechanism/nats_faults.ts --times=50 --fault=server
import { parseArgs } from "@std/cli/parse-args";
import { delay } from "@std/async/delay";
import { NatsServer } from "../nats_server.ts";
import {
  freshName,
  range,
  type Running,
  start,
  valuesRead,
} from "../scripts.ts";
import { Network } from "./network.ts";
import { Relay } from "./relay.ts";

/** Values of a run: so many that the fault comes in their middle. */
const VALUES = 1000;
/** Milliseconds from the moment that was chosen to the fault. */
const LATEST_MS = 50;

/** What came of one run. */
export interface Outcome {
  /** Values that the server had acknowledged and nobody has read. */
  lost: number;
  /** Values that one reader has read twice. */
  twice: number;
  /** Values that a reader has read after a later one of the same producer. */
  disordered: number;
  /** Values that a killed reader had read, and the next one read again. */
  again: number;
}

/** Why a fault cannot be made here; `undefined`: it can. */
type Missing = () => string | undefined;

/** A fault: how it is made, and what it needs. */
export interface Fault {
  run(): Promise<Outcome>;
  missing?: Missing;
}

const FLAGS = ["--via=nats", "--wait=block", "--timeout=60s"];

function producer(url: string, name: string, more: string[] = []): Running {
  const flags = [...FLAGS, `--name=${name}`, "--pause=0", ...more];
  return start("producer", [`--count=${VALUES}`, ...flags], {
    env: { NATS_URL: url },
  });
}

function consumer(url: string, name: string, more: string[] = []): Running {
  const flags = [...FLAGS, `--name=${name}`, ...more];
  return start("consumer", flags, { env: { NATS_URL: url } });
}

/** Waits until a random value has been read, and a random moment longer. */
async function inTheMiddle(reader: Running): Promise<void> {
  const value = 1 + Math.floor(Math.random() * VALUES / 2);
  await reader.saw(`Read: ${value}`);
  await delay(Math.random() * LATEST_MS);
}

/** @param expected The values that must have been read. */
function judge(expected: number[], ...readers: Running[]): Outcome {
  const all = readers.map(valuesRead);
  const distinct = all.map((values) => new Set(values));
  const read = new Set(all.flat());
  return {
    lost: expected.filter((value) => !read.has(value)).length,
    twice: sum(all.map(({ length }, i) => length - distinct[i].size)),
    disordered: sum(
      all.map((values) => values.filter((n, i) => n < values[i - 1]).length),
    ),
    again: sum(distinct.map(({ size }) => size)) - read.size,
  };
}

const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);

/** Ends well, or the log says why not. */
async function endedWell(...scripts: Running[]): Promise<void> {
  for (const script of scripts) {
    const { code, log } = await script.ended();
    if (code !== 0) throw new Error(log.split("\n").slice(-5).join("\n"));
  }
}

/** kill -9 of the server in the middle; it starts again with its files. */
async function serverKilled(): Promise<Outcome> {
  await using first = await NatsServer.start();
  const name = freshName();
  await using reader = consumer(first.url, name, [`--count=${VALUES}`]);
  await using writer = producer(first.url, name);
  await inTheMiddle(reader);
  await first.kill();
  await delay(Math.random() * 500);
  await using _second = await first.again();
  await endedWell(writer, reader);
  return judge(range(1, VALUES), reader);
}

/** Both connections are cut in the middle, and come back a second later. */
async function connectionCut(): Promise<Outcome> {
  await using server = await NatsServer.start();
  using relay = new Relay(server.port);
  const url = `nats://127.0.0.1:${relay.port}`;
  const name = freshName();
  await using reader = consumer(url, name, [`--count=${VALUES}`]);
  await using writer = producer(url, name);
  await inTheMiddle(reader);
  relay.cut();
  await delay(Math.random() * 1000);
  relay.restore();
  await endedWell(writer, reader);
  return judge(range(1, VALUES), reader);
}

/** kill -9 of the consumer; a second one reads until the end. */
async function consumerKilled(): Promise<Outcome> {
  await using server = await NatsServer.start();
  const name = freshName();
  await using first = consumer(server.url, name, [`--count=${VALUES}`]);
  await using writer = producer(server.url, name);
  await inTheMiddle(first);
  first.kill("SIGKILL");
  await first.ended();
  await using second = consumer(server.url, name, ["--until-end"]);
  await endedWell(writer, second);
  return judge(range(1, VALUES), first, second);
}

/** kill -9 of the producer: what it has sent is read, and no gap is in it. */
async function producerKilled(): Promise<Outcome> {
  await using server = await NatsServer.start();
  const name = freshName();
  await using reader = consumer(server.url, name, ["--until-end"]);
  await using writer = producer(server.url, name);
  await inTheMiddle(reader);
  writer.kill("SIGKILL");
  await endedWell(reader);
  const last = valuesRead(reader).at(-1) ?? 0;
  return judge(range(1, last), reader);
}

/** The server's disk is full: the producer says so, what lay there is read. */
async function diskFull(): Promise<Outcome> {
  const store = await Deno.makeTempDir();
  const mount = ["-t", "tmpfs", "-o", "size=1m", "none", store];
  await command("mount", mount);
  try {
    await using server = await NatsServer.start({ store });
    const name = freshName();
    const more = ["--capacity=100000", "--timeout=3s", "--count=100000"];
    await using writer = producer(server.url, name, more);
    const { code, log } = await writer.ended();
    const [, written] = /(\d+) of 100000 values were written/.exec(log) ?? [];
    if (code !== 1 || written === undefined) throw new Error(log.slice(-500));
    // The last 64 may be without an acknowledgement.
    const acknowledged = Math.max(0, Number(written) - 64);
    await server.kill();
    await command("mount", ["-o", "remount,size=16m", store]);
    await using again = await server.again();
    await using reader = consumer(again.url, name, ["--until-end"]);
    await endedWell(reader);
    return judge(range(1, acknowledged), reader);
  } finally {
    await command("umount", ["--lazy", store]);
    await Deno.remove(store);
  }
}

/** Two hosts, each a network namespace; the cable is pulled for some time. */
function cablePulled(ms: number): () => Promise<Outcome> {
  return async () => {
    await using network = await Network.make();
    const [here, there] = network.hosts;
    await using server = await NatsServer.start({
      host: here.address,
      shell: here.shell,
    });
    const name = freshName();
    const flags = [...FLAGS, `--name=${name}`, `--count=${VALUES}`];
    const env = { NATS_URL: server.url };
    await using reader = here.start("consumer", flags, env);
    await using writer = there.start("producer", [...flags, "--pause=0"], env);
    await inTheMiddle(reader);
    await network.pull();
    await delay(ms);
    await network.plug();
    await endedWell(writer, reader);
    return judge(range(1, VALUES), reader);
  };
}

async function command(name: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(name, { args }).output();
  if (success) return;
  throw new Error(`${name}: ${new TextDecoder().decode(stderr)}`);
}

async function print(line: string): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(line + "\n"));
}

const needsRoot: Missing = () => Deno.uid() === 0 ? undefined : "it needs root";

/** Every fault, by its name on the command line. */
export const FAULTS: Record<string, Fault> = {
  server: { run: serverKilled },
  connection: { run: connectionCut },
  consumer: { run: consumerKilled },
  producer: { run: producerKilled },
  disk: { run: diskFull, missing: needsRoot },
  cable: { run: cablePulled(10_000), missing: Network.missing },
  "short-cable": { run: cablePulled(1500), missing: Network.missing },
};

if (import.meta.main) {
  const { times = "1", fault = Object.keys(FAULTS).join() } = parseArgs(
    Deno.args,
    { string: ["times", "fault"] },
  );
  let failed = false;
  for (const name of String(fault).split(",")) {
    const { run } = FAULTS[name];
    const total = { lost: 0, twice: 0, disordered: 0, again: 0, failed: 0 };
    for (let i = 0; i < Number(times); i++) {
      try {
        const outcome = await run();
        for (const [what, count] of Object.entries(outcome)) {
          total[what as keyof Outcome] += count;
        }
      } catch (error) {
        total.failed++;
        await print(`${name}: ${error}`);
      }
    }
    await print(`${name} ${times} ${JSON.stringify(total)}`);
    const { lost, twice, disordered } = total;
    failed ||= lost + twice + disordered + total.failed > 0;
  }
  Deno.exit(failed ? 1 : 0);
}
