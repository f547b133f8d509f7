/**
 * The one list of all mechanisms. Help, README, contract tests and benchmark
 * read it.
 *
 * @module
 */
import type { Mechanism } from "../channel.ts";
import { fifo } from "./fifo.ts";
import { pipe } from "./pipe.ts";
import { queue } from "./queue.ts";
import { shm } from "./shm.ts";
import { socket } from "./socket.ts";
import { workers } from "./workers.ts";

/** Every mechanism, as `--via` names them. */
export const MECHANISMS: readonly Mechanism[] = [
  fifo,
  pipe,
  queue,
  shm,
  workers,
  socket,
];
