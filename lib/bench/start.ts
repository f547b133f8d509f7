/**
 * Starts the sides of a pair: processes, or workers where the mechanism joins
 * workers.
 *
 * @module
 */
import type { Mechanism } from "../channel/mod.ts";
import { type Child, startProcess, startWorker } from "../lab/child.ts";
import { permissionsFor } from "../mechanism/mod.ts";
import { Pipe } from "../posix/pipe.ts";
import type { SideStart } from "./side.ts";

const SCRIPT = new URL("./side.ts", import.meta.url);

/**
 * Starts both sides. Where the mechanism is a pipe, each side reads from standard
 * input what the other one writes to standard output.
 */
export function startSides(
  mechanism: Mechanism,
  [first, second]: [SideStart, SideStart],
): Child[] {
  const { processes, openedBy } = mechanism.properties;
  if (processes === "one") {
    return [first, second].map((start) => startWorker(SCRIPT, "side", start));
  }
  if (openedBy === "name") {
    return [first, second].map((start) => startSide(mechanism, start));
  }
  using there = new Pipe();
  using back = new Pipe();
  return [
    startSide(mechanism, first, { stdin: back.output, stdout: there.input }),
    startSide(mechanism, second, { stdin: there.output, stdout: back.input }),
  ];
}

/** Starts the sides of a crowd: all send to, or receive from, one channel. */
export function startCrowd(mechanism: Mechanism, starts: SideStart[]): Child[] {
  const { processes, openedBy } = mechanism.properties;
  if (processes === "one") {
    return starts.map((start) => startWorker(SCRIPT, "side", start));
  }
  if (openedBy === "name") {
    return starts.map((start) => startSide(mechanism, start));
  }
  using pipe = new Pipe();
  return starts.map((start) =>
    startSide(
      mechanism,
      start,
      start.to ? { stdout: pipe.input } : { stdin: pipe.output },
    )
  );
}

function startSide(
  mechanism: Mechanism,
  start: SideStart,
  pipes: { stdin?: number; stdout?: number } = {},
): Child {
  // To open the channels, and to connect to this process.
  const needed = permissionsFor(mechanism);
  const net = `--allow-net=127.0.0.1:${start.port}`;
  const permissions = needed.includes("--allow-net") // with a host it means less
    ? needed
    : [...needed, net];
  return startProcess({
    script: SCRIPT,
    args: [JSON.stringify(start)],
    permissions,
    ...pipes,
  });
}
