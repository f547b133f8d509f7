/**
 * A Unix-domain socket where foreign functions are not permitted: `node:net`.
 *
 * @module
 */
import { connect, createServer, type Server, type Socket } from "node:net";
import type { Receiver, Sender } from "../channel.ts";
import type { FolderWatch } from "../posix/inotify.ts";
import { errorCode, LabError } from "../error.ts";
import { ours, reason } from "../run_folder.ts";
import { SocketReceiver, SocketSender } from "./node_ends.ts";

export const THROUGH = "node:net";

/** Connects; `undefined`: nobody listens there (yet). */
export function dial(path: string): Promise<Sender | undefined> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error) => {
      const code = errorCode(error);
      // ENOENT: nobody has come yet. ECONNREFUSED: killed, and left its name.
      if (code === "ENOENT" || code === "ECONNREFUSED") resolve(undefined);
      else reject(explain(error, path));
    };
    try {
      const connection = connect(path);
      connection.once("error", refuse);
      connection.once("connect", () => {
        connection.off("error", refuse);
        resolve(new SocketSender(connection, { hears: true }));
      });
    } catch (error) {
      reject(explain(error, path));
    }
  });
}

function explain(error: unknown, path: string): LabError {
  return new LabError(
    error instanceof Deno.errors.NotCapable
      ? `Cannot use ${path}: Deno wants --allow-net=unix:${Deno.cwd()}/${path} for it, and the tasks grant the name lab alone (with process1 and process2): leave --name out`
      : `Cannot use ${path}: ${reason(error)}`,
  );
}

/** Makes the name and listens there; `undefined`: the name is there already. */
export async function listen(path: string): Promise<Receiver | undefined> {
  const server = createServer();
  const error = await new Promise<unknown>((resolve) => {
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
  if (errorCode(error) === "EADDRINUSE") return undefined;
  if (error !== undefined) throw explain(error, path);
  return new ListeningReceiver(server, path);
}

/**
 * Nothing tells of changes in a folder. `Deno.watchFs` would, but it opens all
 * that is made there, and of a FIFO it would so become the reader, or wait for
 * its writer.
 */
export function watch(_folder: string): FolderWatch | undefined {
  return undefined;
}

class ListeningReceiver extends SocketReceiver {
  #server: Server;
  #path: string;
  #inode: number | undefined;

  constructor(server: Server, path: string) {
    super();
    this.#server = server;
    this.#path = path;
    this.#inode = ours(path, "socket");
    server.on("connection", (connection: Socket) => this.attach(connection));
  }

  override async [Symbol.asyncDispose]() {
    // close() removes the name, whosever it is by now.
    const inode = ours(this.#path, "socket");
    if (inode === undefined || inode === this.#inode) this.#server.close();
    else this.#server.unref(); // it goes with us
    await super[Symbol.asyncDispose]();
  }
}
