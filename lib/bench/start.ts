/**
 * Starts the sides of a pair: processes, or workers where the mechanism joins
 * workers.
 *
 * @module
 */
import type { Mechanism } from "../channel/mod.ts";
import { type Child, startProcess, startWorker } from "../lab/child.ts";
import { PERMISSIONS } from "../mechanism/mod.ts";
import { Pipe } from "../posix/pipe.ts";
import type { PeerStart } from "./peer.ts";

const SCRIPT = new URL("./peer.ts", import.meta.url);

/**
 * Starts both sides. Where the mechanism is a pipe, the two make a circle: what
 * one writes to standard output, the other reads from standard input.
 */
export function startSides(
  mechanism: Mechanism,
  [first, second]: [PeerStart, PeerStart],
): Child[] {
  const { processes, openedBy } = mechanism.properties;
  if (processes === "one") {
    return [first, second].map((start) => startWorker(SCRIPT, "side", start));
  }
  if (openedBy === "name") {
    return [first, second].map((start) => startSide(start));
  }
  using there = new Pipe();
  using back = new Pipe();
  return [
    startSide(first, { stdin: back.output, stdout: there.input }),
    startSide(second, { stdin: there.output, stdout: back.input }),
  ];
}

function startSide(
  start: PeerStart,
  pipes: { stdin?: number; stdout?: number } = {},
): Child {
  // What its ends need, and to talk to us.
  const net = `--allow-net=127.0.0.1:${start.port}`;
  return startProcess({
    script: SCRIPT,
    args: [JSON.stringify(start)],
    permissions: [...PERMISSIONS, net],
    ...pipes,
  });
}
