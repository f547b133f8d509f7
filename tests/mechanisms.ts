/**
 * Every mechanism, for tests that take all of them. The one that needs a server
 * is at a server of this test file; without nats-server it is not available,
 * and its tests are skipped.
 *
 * @module
 */
import type { Mechanism } from "../lib/channel/mod.ts";
import * as lib from "../lib/mechanism/mod.ts";
import { MISSING, natsCommand, NatsServer } from "./nats_server.ts";
import { testServer } from "./test_server.ts";

async function startServer(): Promise<Mechanism> {
  const nats = lib.mechanismNamed("nats");
  if (natsCommand === undefined) return { ...nats, available: () => MISSING };
  const server = await NatsServer.start();
  testServer.url = server.url;
  testServer.store = server.store;
  Deno.test.afterAll(() => server[Symbol.asyncDispose]());
  return nats.at?.(server.url) ?? nats;
}

const nats = await startServer();

/** Every mechanism. */
export const MECHANISMS: readonly Mechanism[] = lib.MECHANISMS.map((one) =>
  one.name === nats.name ? nats : one
);

/** The mechanism of that name. */
export function mechanismNamed(name: string): Mechanism {
  return name === nats.name ? nats : lib.mechanismNamed(name);
}
