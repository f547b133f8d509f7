/**
 * A service under test: its server and its clients as real processes.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { mechanismNamed } from "../../lib/mechanism/mod.ts";
import {
  freshName,
  leftovers,
  objectName,
  range,
  type Running,
  start,
} from "../scripts.ts";

export const VIAS = ["fifo", "queue", "shm", "socket"] as const;

export type Via = typeof VIAS[number];

/** A service under a name of its own. */
export class Service {
  readonly name = freshName();
  readonly #via: Via;
  #pids: number[] = [];

  constructor(via: Via = "fifo") {
    this.#via = via;
  }

  /** The kernel object that the server receives from. */
  get object(): string {
    if (this.#via === "fifo") return `run/${this.name}.fifo`;
    if (this.#via === "socket") return `run/${this.name}.sock`;
    return objectName(this.name);
  }

  #start(part: "server" | "client", flags: string[]): Running {
    const all = [`--via=${this.#via}`, `--name=${this.name}`, ...flags];
    const script = start(part, all);
    this.#pids.push(script.pid);
    return script;
  }

  async server(...flags: string[]): Promise<Running> {
    const server = this.#start("server", flags);
    await server.saw("Pid:");
    return server;
  }

  client(...flags: string[]): Running {
    return this.#start("client", ["--timeout=30s", ...flags]);
  }

  /** The name of a client's reply channel. */
  replyTo(client: Running): string {
    return `${this.name}.${client.pid}`;
  }

  /** Checks that neither the channel nor any client's reply channel is there. */
  async assertNothingLeft() {
    assertEquals(leftovers(this.name), []);
    const { remove } = await mechanismNamed(this.#via).load();
    for (const suffix of ["", ...this.#pids.map((pid) => `.${pid}`)]) {
      const name = this.name + suffix;
      assertEquals(await remove({ name }), undefined);
    }
  }
}

/** The numbers that a client was given. */
export function numbersOf({ lines }: Running): number[] {
  return lines.flatMap((line) => {
    const [, first, last = first] =
      /^INFO:client:Got (\d+)(?: to (\d+))?$/.exec(line) ?? [];
    return first === undefined ? [] : range(Number(first), Number(last));
  });
}

export async function assertCode(
  script: Running,
  expected: number,
): Promise<string> {
  const { code, log } = await script.ended();
  assertEquals(code, expected, log);
  return log;
}

/** Checks that a script ends soon: one that is deaf does not. */
export async function assertEnds(script: Running, expected: number) {
  using deaf = new Deadline(10_000);
  const code = await Promise.race([
    script.ended().then(({ code }) => code),
    deaf.passed,
  ]);
  assertEquals(code, expected, script.lines.slice(-5).join("\n"));
}

/** A moment after which something has not happened. */
class Deadline implements Disposable {
  readonly passed: Promise<string>;
  #timer?: ReturnType<typeof setTimeout>;

  constructor(ms: number) {
    this.passed = new Promise((resolve) => {
      const late = `nothing for ${ms} ms`;
      this.#timer = setTimeout(() => resolve(late), ms);
    });
  }

  [Symbol.dispose]() {
    clearTimeout(this.#timer);
  }
}

/** Waits for the request to lie in the channel: the server is stopped. */
export async function asked(client: Running) {
  await client.saw("Asked ");
}

/** A request as the shell writes it. */
export function request(body: string, fields: Record<string, string>): string {
  const all = {
    Type: "request",
    From: "shell",
    To: "server",
    Seq: "1",
    Priority: "0",
    "Content-Length": String(body.length),
    ...fields,
  };
  const head = Object.entries(all).map(([name, value]) =>
    `${name}: ${value}\n`
  );
  return `${head.join("")}\n${body}\n`;
}
