/**
 * A NATS server of a test's own: Debian's nats-server with JetStream, on a port
 * and with a store of its own. It ends with the test's process, even by kill -9.
 *
 * @module
 */
import { TextLineStream } from "@std/streams/text-line-stream";

/** Where Debian has it; an ordinary user's PATH may lack /usr/sbin. */
const COMMANDS = ["nats-server", "/usr/sbin/nats-server"];
/** How long (ms) the server may take to start. */
const START_MS = 20_000;
/**
 * Runs a command until its standard input ends, which it does with us.
 * `$p` may have ended before: then there is nothing to kill.
 */
const UNTIL_WE_END =
  'exec 3<&0; "$0" "$@" < /dev/null 3<&- & p=$!; { read _; kill -9 $p; } <&3 2> /dev/null & wait $p';

/** The command that starts a server; `undefined`: it is not installed. */
export const natsCommand = COMMANDS.find((command) => {
  const { success } = new Deno.Command("sh", {
    args: ["-c", 'command -v "$0"', command],
    stdout: "null",
  }).outputSync();
  return success;
});

/** Why there is none. */
export const MISSING = "nats-server is not installed";

// Each test file that imports this one has tests that need the server.
if (natsCommand === undefined) {
  const line = `skipped: the tests of this file over nats, as ${MISSING}\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(line));
}

/** Options for {@linkcode NatsServer.start}. */
export interface ServerOptions {
  /** @default {"127.0.0.1"} */
  host?: string;
  /** @default a free one */
  port?: number;
  /** The folder of its files; it is not removed. @default one of its own */
  store?: string;
  /** More arguments of nats-server. */
  args?: string[];
  /** The shell that starts it. @default `sh` on this machine */
  shell?: string[];
}

/** A running server. */
export class NatsServer implements AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  readonly store: string;
  readonly log: string[];
  readonly #options: ServerOptions;
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  private constructor(
    options: ServerOptions,
    child: Deno.ChildProcess,
    started: { port: number; pid: number; store: string; log: string[] },
    reading: Promise<void>,
  ) {
    ({ port: this.port, pid: this.pid, store: this.store, log: this.log } =
      started);
    this.#options = options;
    this.#child = child;
    this.#reading = reading;
  }

  get url(): string {
    return `nats://${this.#options.host ?? "127.0.0.1"}:${this.port}`;
  }

  /** Starts a server, and waits until it is ready. */
  static async start(options: ServerOptions = {}): Promise<NatsServer> {
    const { host = "127.0.0.1", port = -1, args = [] } = options;
    const { shell = ["sh"] } = options;
    const store = options.store ?? await Deno.makeTempDir();
    const command = natsCommand ?? "nats-server";
    const listen = ["-a", host, "-p", `${port}`];
    const child = new Deno.Command(shell[0], {
      args: [
        ...shell.slice(1),
        ...["-c", UNTIL_WE_END, command, "-js", "-sd", store],
        ...listen,
        ...args,
      ],
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const log: string[] = [];
    const ready = Promise.withResolvers<void>();
    const timer = setTimeout(() => child.stdin.close(), START_MS);
    const reading = (async () => {
      const lines = child.stderr.pipeThrough(new TextDecoderStream())
        .pipeThrough(new TextLineStream());
      for await (const line of lines) {
        log.push(line);
        if (line.includes("Server is ready")) ready.resolve();
      }
      ready.reject(new Error(`nats-server has ended:\n${log.join("\n")}`));
    })();
    try {
      await ready.promise;
    } catch (error) {
      await child.status;
      throw error;
    } finally {
      clearTimeout(timer);
    }
    ready.promise.catch(() => {}); // from now on its end is no error
    const text = log.join("\n");
    const started = {
      port: Number(/client connections on \S+:(\d+)/.exec(text)?.[1]),
      pid: Number(/^\[(\d+)\]/.exec(text)?.[1]),
      store,
      log,
    };
    return new NatsServer(options, child, started, reading);
  }

  /** Ends it with kill -9. */
  async kill(): Promise<void> {
    await this.#child.stdin.close().catch(() => {}); // it has ended already
    await this.#child.status;
    await this.#reading;
  }

  /** Starts another one with the same port and store, after kill(). */
  again(): Promise<NatsServer> {
    const { port, store } = this;
    return NatsServer.start({ ...this.#options, port, store });
  }

  async [Symbol.asyncDispose]() {
    await this.kill();
    if (this.#options.store === undefined) {
      await Deno.remove(this.store, { recursive: true });
    }
  }
}
