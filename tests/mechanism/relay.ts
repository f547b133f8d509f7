/**
 * A TCP relay: a cable between a client and a server that a test can cut.
 *
 * @module
 */

/** Passes bytes both ways between its clients and a server. */
export class Relay implements Disposable {
  readonly port: number;
  readonly #to: number;
  #listener?: Deno.TcpListener;
  readonly #connections = new Set<Deno.TcpConn>();

  /** @param to The server's port on 127.0.0.1. */
  constructor(to: number) {
    this.#to = to;
    this.port = this.#listen(0);
  }

  #listen(port: number): number {
    const listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#listener = listener;
    this.#accept(listener);
    return listener.addr.port;
  }

  async #accept(listener: Deno.TcpListener) {
    for await (const client of listener) this.#join(client);
  }

  async #join(client: Deno.TcpConn) {
    this.#connections.add(client);
    try {
      const server = await Deno.connect({ port: this.#to });
      this.#connections.add(server);
      await Promise.all([
        client.readable.pipeTo(server.writable),
        server.readable.pipeTo(client.writable),
      ]);
    } catch {
      // One of the two has closed, or was cut: then both are.
      this.#close(client);
    }
  }

  #close(connection: Deno.TcpConn) {
    try {
      connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // is closed
    }
  }

  /** Cuts all connections, and refuses new ones. */
  cut(): void {
    this.#listener?.close();
    for (const connection of this.#connections) this.#close(connection);
    this.#connections.clear();
  }

  /** Lets connections through again. */
  restore(): void {
    this.#listen(this.port);
  }

  [Symbol.dispose]() {
    this.cut();
  }
}
