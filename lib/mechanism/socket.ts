/**
 * A Unix-domain stream socket, unix(7): the consumer listens at a name in run/,
 * producers connect, each over a stream of its own.
 *
 * @module
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import {
  ABSENT,
  type Address,
  type Hold,
  type Receiver,
  type Sender,
} from "../channel.ts";
import { errorCode, LabError } from "../error.ts";
import { ours, reason, runPath } from "../run_folder.ts";
import { Bell, SocketReceiver, SocketSender } from "../socket_ends.ts";

/** Should a change go unnoticed, look for one who listens that often, in ms. */
const LOOK = 1000;

export const through = () => "node:net";

export async function openSender(address: Address): Promise<Sender> {
  const sender = new ReconnectingSender(path(address));
  await sender.connect();
  return sender;
}

export async function openReceiver(address: Address): Promise<Receiver> {
  return new ListeningReceiver(path(address), await listen(path(address)));
}

export function hold(address: Address): Hold {
  const there = path(address);
  return {
    ready: () => ours(there, "socket") !== undefined,
    [Symbol.dispose]() {},
  };
}

export async function heard(address: Address): Promise<boolean> {
  const connection = await dial(path(address));
  connection?.destroy();
  return connection !== undefined;
}

export function remove(address: Address): Promise<string | undefined> {
  const there = path(address);
  if (ours(there, "socket") === undefined) return Promise.resolve(undefined);
  Deno.removeSync(there);
  return Promise.resolve(there);
}

function path({ name }: Address): string {
  return runPath(`${name}.sock`);
}

/** Connects; `undefined`: nobody listens there (yet). */
function dial(path: string): Promise<Socket | undefined> {
  ours(path, "socket");
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      const code = errorCode(error);
      // ENOENT: nobody has come yet. ECONNREFUSED: killed, and left its name.
      if (code === "ENOENT" || code === "ECONNREFUSED") resolve(undefined);
      else reject(permission(error, path));
    };
    try {
      const connection = connect(path);
      connection.once("error", refuse);
      connection.once("connect", () => {
        connection.off("error", refuse);
        resolve(connection);
      });
    } catch (error) {
      reject(permission(error, path));
    }
  });
}

function permission(error: unknown, path: string): LabError {
  return new LabError(
    error instanceof Deno.errors.NotCapable
      ? `Cannot use ${path}: Deno wants --allow-net=unix:${Deno.cwd()}/${path} for it, and the tasks grant the name lab alone`
      : `Cannot use ${path}: ${reason(error)}`,
  );
}

/** Connects again when the consumer has gone and another one comes. */
class ReconnectingSender implements Sender {
  readonly limit = Infinity;
  #path: string;
  #sender = new SocketSender();
  #connecting?: Promise<void>;
  #failure?: Error; // what a connection that nobody waited for met

  constructor(path: string) {
    this.#path = path;
  }

  async connect(): Promise<void> {
    const connection = await dial(this.#path);
    if (connection) this.#sender.attach(connection, { hears: true });
  }

  #tryAgain(): Promise<void> {
    return this.#connecting ??= this.connect()
      .finally(() => this.#connecting = undefined);
  }

  offer(record: Uint8Array) {
    if (this.#failure) throw this.#failure;
    const offered = this.#sender.offer(record);
    if (offered === ABSENT) { // connect, for the next offer
      this.#tryAgain().catch((error) => this.#failure = error);
    }
    return offered;
  }

  async writable(signal: AbortSignal) {
    if (this.#sender.attached) return await this.#sender.writable(signal);
    const bell = new Bell();
    const ring = () => bell.ring();
    using _watcher = watch("run", ring); // before we look
    const timer = setInterval(ring, LOOK);
    try {
      for (;;) {
        const change = bell.wait(signal);
        change.catch(() => {}); // not waited for when we are connected first
        await this.#tryAgain();
        if (this.#sender.attached) return;
        await change;
      }
    } finally {
      clearInterval(timer);
    }
  }

  [Symbol.asyncDispose]() {
    return this.#sender[Symbol.asyncDispose]();
  }
}

/** Calls back at each change in a folder, inotify(7), or never. */
function watch(folder: string, changed: () => void): Disposable {
  try {
    const watcher = Deno.watchFs(folder);
    const tell = async () => {
      for await (const _change of watcher) changed();
    };
    tell().catch(() => {}); // it broke off: from now on, never
    return watcher;
  } catch {
    // EMFILE, ENOSPC: all of a user's processes may watch so much, and no more.
    return { [Symbol.dispose]() {} };
  }
}

async function listen(path: string): Promise<Server> {
  ours(path, "socket");
  const server = createServer();
  const attempt = () =>
    new Promise<unknown>((resolve) => {
      try {
        server.once("error", resolve);
        server.listen(path, () => {
          server.off("error", resolve);
          resolve(undefined);
        });
      } catch (error) {
        resolve(error);
      }
    });
  let error = await attempt();
  if (errorCode(error) === "EADDRINUSE") {
    const other = await dial(path);
    if (other) {
      other.destroy();
      throw new LabError(
        `Cannot listen at ${path} as another consumer does: choose another --name`,
      );
    }
    Deno.removeSync(path); // stale: the consumer that made it was killed
    error = await attempt();
  }
  if (error !== undefined) throw permission(error, path);
  Deno.chmodSync(path, 0o600); // wakes up those who watch for us, too
  return server;
}

class ListeningReceiver extends SocketReceiver {
  #path: string;
  #server: Server;

  constructor(path: string, server: Server) {
    super();
    this.#path = path;
    this.#server = server;
    server.on("connection", (connection: Socket) => this.attach(connection));
  }

  override async [Symbol.asyncDispose]() {
    this.#server.close(); // removes the name
    await super[Symbol.asyncDispose]();
    try {
      Deno.removeSync(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
