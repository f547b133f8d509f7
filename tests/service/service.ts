/**
 * A service under test: its server and its clients as real processes.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { mechanismNamed } from "../mechanisms.ts";
import {
  freshName,
  leftovers,
  mailboxName,
  objectName,
  range,
  type Running,
  start,
} from "../scripts.ts";

export const VIAS = ["fifo", "queue", "shm", "socket", "nats"] as const;

export type Via = typeof VIAS[number];

/** A service under a name of its own. */
export class Service implements AsyncDisposable {
  readonly name: string;
  readonly #via: Via;
  #scripts: Running[] = [];

  constructor(via: Via = "fifo", name: string = freshName()) {
    this.name = name;
    this.#via = via;
  }

  /** The kernel object that the server receives from. */
  get object(): string {
    if (this.#via === "fifo") return `run/${this.name}.fifo`;
    if (this.#via === "socket") return `run/${this.name}.sock`;
    if (this.#via === "nats") return mailboxName(this.name);
    return objectName(this.name);
  }

  /** Starts a server or a client of this service. */
  start(part: "server" | "client", flags: string[]): Running {
    const all = [`--via=${this.#via}`, `--name=${this.name}`, ...flags];
    const script = start(part, all);
    this.#scripts.push(script);
    return script;
  }

  async server(...flags: string[]): Promise<Running> {
    const server = this.start("server", flags);
    await server.saw("Pid:");
    return server;
  }

  client(...flags: string[]): Running {
    return this.start("client", ["--timeout=30s", "--verbose", ...flags]);
  }

  /** The name of a client's reply channel; a client says it with --verbose. */
  replyTo(client: Running): string {
    const line = client.lines.find((line) => line.startsWith(ANSWERS_COME));
    return line?.slice(ANSWERS_COME.length) ?? "";
  }

  /** Removes what scripts that were killed have left in run/. */
  async [Symbol.asyncDispose]() {
    const left = leftovers(this.name).filter((path) => path.startsWith("run/"));
    await Promise.all(left.map((path) => Deno.remove(path)));
  }

  /** Checks that neither the channel nor any client's reply channel is there. */
  async assertNothingLeft() {
    assertEquals(leftovers(this.name), []);
    const { remove } = await mechanismNamed(this.#via).load();
    const replies = this.#scripts.map((script) => this.replyTo(script));
    for (const name of [this.name, ...replies.filter((name) => name)]) {
      assertEquals(await remove({ name }), undefined);
    }
  }
}

const ANSWERS_COME = "DEBUG:client:Answers come on ";

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
