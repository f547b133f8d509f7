/**
 * Runs a script under strace(1), and reads both views of its calls: the
 * kernel's, and that of `--calls`.
 *
 * @module
 */
import { Running, taskArguments } from "../scripts.ts";

/** Can strace watch a program here? Containers often forbid it. */
export const STRACE: true | string = await tried();

async function tried(): Promise<true | string> {
  try {
    const { success } = await new Deno.Command("strace", {
      args: ["-o", "/dev/null", "true"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success || "strace may not trace here";
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "strace is not installed";
  }
}

/** The system calls that our functions of the C library make. */
const TRACED = "accept4,bind,close,connect,fallocate,fcntl,flock,futex," +
  "inotify_add_watch,inotify_init1,ioctl,listen,mknodat,mmap,mq_getsetattr,mq_open,mq_timedreceive,mq_timedsend," +
  "mq_unlink,munmap,openat,poll,read,socket,statx,unlink,write";

/** The function of the C library behind a system call, where names differ. */
const FUNCTIONS: Record<string, string> = {
  fallocate: "posix_fallocate",
  mknodat: "mkfifo",
  mq_getsetattr: "mq_getattr",
  mq_timedreceive: "mq_receive",
  mq_timedsend: "mq_send",
  openat: "open",
};

/** Starts a script under strace, which writes to a file. */
export function startTraced(
  task: "producer" | "consumer",
  file: string,
  flags: string[],
): Running {
  const deno = [Deno.execPath(), ...taskArguments(task), ...flags];
  return new Running("strace", [
    ...["-f", "-yy", "-s", "32", "-o", file, "-e", `trace=${TRACED}`],
    ...["-e", "signal=none", ...deno],
  ]);
}

/** A call, in a form that both views can be brought to. */
export function kernelCalls(trace: string, name: string): string[] {
  const lines = trace.split("\n");
  const [main] = lines[0].split(" "); // the thread that runs JavaScript
  const object = new RegExp(
    `run/${name}\\.|[/"]ipc-lab-\\d+\\.${name}|"run"|/run>|/proc/self/fd/`,
  );
  const unnamed = new Set<string>(); // descriptors of sockets and inotify
  const segments = new Map<bigint, bigint>(); // start and end
  const calls: string[] = [];
  for (const line of whole(lines)) {
    const found = /^(\d+) +(\w+)\((.*)\) += (\S+)(?: (E\w+))?/.exec(line);
    if (!found || found[1] !== main) continue;
    const [, , call, args, result, error] = found;
    // What is read or written may have the object's name in it, too.
    const target = /^(?:\[\{fd=)?\d+<(?:->|[^<>])*>/.exec(args)?.[0] ?? args;
    const fd = /^(?:\[\{fd=)?(\d+)</.exec(target)?.[1] ?? "";
    const at = /^0x[0-9a-f]+/.exec(args)?.[0];
    const start = at === undefined ? undefined : [...segments.keys()]
      .find((from) => BigInt(at) >= from && BigInt(at) < segments.get(from)!);
    const opens = /^(socket|accept4|inotify_init1)$/.test(call);
    const mine = start !== undefined || unnamed.has(fd) || opens ||
      object.test(call === "mmap" ? args : target);
    if (!mine) continue;
    if (opens) unnamed.add(result.replace(/<.*/, ""));
    if (call === "close") unnamed.delete(fd);
    if (call === "mmap") {
      segments.set(
        BigInt(result),
        BigInt(result) + BigInt(args.split(", ")[1]),
      );
    }
    if (call === "munmap") segments.delete(BigInt(at ?? 0));
    const place = call === "futex"
      ? args.replace(/^\w+/, `segment+${BigInt(at ?? 0) - (start ?? 0n)}`)
      : args;
    calls.push(key(FUNCTIONS[call] ?? call, place, result, error));
  }
  return calls;
}

/** The calls that `--calls` has logged, in the same form. */
export function loggedCalls(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const found = /^DEBUG:\w+:(\w+)\((.*)\) = (\S+)(?: (E\w+))?$/.exec(line);
    if (!found || found[2].startsWith("[],")) return []; // a sleep by poll(2)
    const [, call, args, result, error] = found;
    if (call === "shm_open") {
      return [key("open", args.replace('"', '"/dev/shm'), result, error)];
    }
    if (call === "shm_unlink") {
      return [key("unlink", args.replace('"', '"/dev/shm'), result, error)];
    }
    return [key(call, args, result, error)];
  });
}

/** The name, the first argument, what was sent or received, and the result. */
function key(call: string, args: string, result: string, error = "") {
  const bare = args.replace(/AT_FDCWD(<[^>]*>)?, /, "")
    .replace(/(\d)<(?:->|[^<>])*>(\(deleted\))?/g, "$1");
  const value = result.replace(/<.*/, "");
  const [first] = bare.replace(/^\[\{fd=/, "").split(/[,}]/);
  const moves = /^(read|write|mq_send|mq_receive)$/.test(call);
  const [text = ""] = /"(?:[^"\\]|\\.)*"(?:\.\.\.)?/.exec(bare) ?? [];
  // mq_open(3) takes the slash away, as the system call wants none.
  const target = first.replace(/^"\/ipc-lab/, '"ipc-lab');
  const shown = moves && value !== "-1" ? `, ${text}` : "";
  return `${call}(${target}${shown}) = ${value} ${error}`.trim();
}

/** Joins a call that another thread has interrupted. */
function* whole(lines: string[]): Generator<string> {
  const begun = new Map<string, string>();
  for (const line of lines) {
    const [pid] = line.split(" ");
    if (line.endsWith("<unfinished ...>")) {
      begun.set(pid, line.replace(/ *<unfinished \.\.\.>$/, ""));
      continue;
    }
    const resumed = /^\d+ +<\.\.\. \w+ resumed>(.*)$/.exec(line);
    yield resumed ? `${begun.get(pid) ?? ""}${resumed[1]}` : line;
  }
}
