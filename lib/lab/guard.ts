/**
 * Ends other processes if this one is ended, even by kill -9: a shell waits at a
 * pipe that only this process has open to write. When this process has ended,
 * the shell reads the pipe's end, and kills what it was told last.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";

/** A line has all groups, each as a negative number, kill(1). */
const SHELL =
  "while read -r line; do all=$line; done; for p in $all; do kill -9 $p; done";

let shell: ChildProcess | undefined;
const groups = new Set<number>();

/** Starts the guard, if it does not run yet: a child of this process. */
export function startGuard(): void {
  if (shell) return;
  // A session of its own: Ctrl-C at the terminal does not reach it.
  const stdio = ["pipe", "ignore", "ignore"] as const;
  shell = spawn("sh", ["-c", SHELL], { stdio: [...stdio], detached: true });
  shell.stdin?.on("error", () => {}); // somebody has killed it: none is needed
  shell.on("error", () => {}); // there is no shell: we do without
  shell.unref();
}

function tell(): void {
  startGuard();
  shell?.stdin?.write(`${[...groups].join(" ")}\n`);
}

/** The guard ends this process group, too, until it is taken away. */
export function guardGroup(pid: number): Disposable {
  groups.add(-pid);
  tell();
  return {
    [Symbol.dispose]() {
      groups.delete(-pid);
      tell();
    },
  };
}
