/**
 * Starts the sides of a pair: processes, or workers where the mechanism joins
 * workers.
 *
 * @module
 */
import type { Mechanism } from "../channel/channel.ts";
import { PERMISSIONS } from "../mechanism/mod.ts";
import type { PeerStart } from "./peer.ts";

const SCRIPT = new URL("./peer.ts", import.meta.url);

/** A side that runs, seen from the parent. */
export interface Child {
  /** Of a process; workers share ours. */
  pid?: number;
  /** Resolves when it has ended, with the words for how. */
  ended: Promise<string>;
  /** Ends it at once. */
  end(): void;
}

/** Starts both sides. */
export async function startChildren(
  mechanism: Mechanism,
  [first, second]: [PeerStart, PeerStart],
  started: (child: Child) => void,
): Promise<void> {
  const { processes, openedBy } = mechanism.properties;
  if (processes === "one") {
    started(startWorker(first));
    started(startWorker(second));
    return;
  }
  const args = denoArguments;
  if (openedBy === "name") {
    const options = { stdin: "null", stdout: "null" } as const;
    for (const start of [first, second]) {
      const command = { args: args(start), ...options };
      started(child(new Deno.Command(Deno.execPath(), command).spawn()));
    }
    return;
  }
  // A ring: what one writes to standard output, the other reads from standard
  // input. We hold the pipes open, and relay nothing: opened through /proc, a
  // pipe's other end is another end of the same.
  const piped = (script: string, start: PeerStart, pid = 0) => {
    const shell = ["-c", script, `${pid}`, Deno.execPath(), ...args(start)];
    const command = { args: shell, stdin: "piped", stdout: "null" } as const;
    const process = new Deno.Command("sh", command).spawn();
    started(child(process));
    return process;
  };
  // The first one is told, in a line on its input, whom to write to.
  const one = piped('read -r pid; exec "$@" > "/proc/$pid/fd/0"', first);
  const two = piped('exec "$@" > "/proc/$0/fd/0"', second, one.pid);
  const writer = one.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`${two.pid}\n`));
}

/** What a side may do: what its ends need, and to talk to us. */
function denoArguments(start: PeerStart): string[] {
  const net = `--allow-net=127.0.0.1:${start.port}`;
  return ["run", ...PERMISSIONS, net, SCRIPT.pathname, JSON.stringify(start)];
}

function child(process: Deno.ChildProcess): Child {
  const { pid } = process;
  const ended = process.status.then(({ code, signal }) =>
    signal === null
      ? `Pid ${pid} ended with exit code ${code}`
      : `Pid ${pid} was ended by ${signal}`
  );
  const end = () => {
    try {
      process.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
  };
  return { pid, ended, end };
}

function startWorker(start: PeerStart): Child {
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  const worker = new Worker(SCRIPT, { type: "module" });
  worker.onerror = (event) => {
    event.preventDefault();
    resolve(`a worker has failed: ${event.message}`);
  };
  worker.postMessage(start);
  const end = () => {
    worker.terminate();
    resolve("a worker was ended");
  };
  return { ended, end };
}
