/**
 * The engine across machines: runs Debian's nats-server with JetStream until
 * Ctrl-C, with its messages in run/nats.
 *
 * @module
 */
import { TextLineStream } from "@std/streams/text-line-stream";
import { ProcessLog } from "../cli/log.ts";
import { LabError, reason } from "../error.ts";
import { makeRunFolder } from "../mechanism/run_folder.ts";
import { type NatsOptions, THIS_MACHINE } from "./flags.ts";
import { type FolderLock, lockFolder } from "./lock.ts";

/** Where Debian has it: an ordinary user's PATH may lack /usr/sbin. */
const COMMANDS = ["nats-server", "/usr/sbin/nats-server"];
const FOLDER = "run/nats";
const TOKEN_FILE = `${FOLDER}/token.conf`;
/** The server reads the variable itself: no file and no command line has it. */
const TOKEN_CONFIG = "authorization { token: $NATS_TOKEN }\n";

/** Runs the server. @returns Its exit code, if it ends by itself. */
export async function runEngine(
  { listen, port }: NatsOptions,
  signal: AbortSignal,
): Promise<number> {
  const log = new ProcessLog("nats");
  log.start();
  const secret = Boolean(Deno.env.get("NATS_TOKEN"));
  if (listen !== THIS_MACHINE && !secret) {
    throw new LabError(
      `Cannot listen at ${listen} without NATS_TOKEN: every machine that reaches it could read and write`,
    );
  }
  using lock = openFolder(secret);
  signal.throwIfAborted(); // a listener hears no signal that came before it
  const server = start([
    ...["-js", "-sd", FOLDER, "-a", listen, "-p", `${port}`],
    ...secret ? ["-c", TOKEN_FILE] : [],
  ]);
  lock.note(server.pid);
  // Ctrl-C reaches the server too; a signal to us alone does not.
  const end = () => {
    try {
      server.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
  };
  signal.addEventListener("abort", end);
  const lines = server.stderr.pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream());
  for await (const line of lines) {
    if (line.includes("Server is ready")) {
      const host = listen.includes(":") ? `[${listen}]` : listen;
      log.info(`Listening at nats://${host}:${port}, messages in ${FOLDER}`);
    }
    tell(log, line);
  }
  const { code } = await server.status;
  signal.removeEventListener("abort", end);
  signal.throwIfAborted();
  if (code !== 0) log.error(`nats-server has ended with exit code ${code}`);
  return code === 0 ? 0 : 1;
}

/** Makes the folder of the messages, and locks it. */
function openFolder(secret: boolean): FolderLock {
  makeRunFolder();
  try {
    Deno.mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
    const lock = lockFolder(FOLDER);
    if (secret) Deno.writeTextFileSync(TOKEN_FILE, TOKEN_CONFIG);
    return lock;
  } catch (error) {
    if (error instanceof LabError) throw error;
    throw new LabError(`Cannot write to ${FOLDER}: ${reason(error)}`);
  }
}

function start(args: string[]): Deno.ChildProcess {
  for (const command of COMMANDS) {
    try {
      const stdio = { stdin: "null", stdout: "null", stderr: "piped" } as const;
      return new Deno.Command(command, { args, ...stdio }).spawn();
    } catch (error) {
      const missing = error instanceof Deno.errors.NotFound ||
        error instanceof Deno.errors.NotCapable; // not on PATH, so not allowed
      if (!missing) throw error;
    }
  }
  throw new LabError(
    "Cannot find nats-server: install it, on Debian with: sudo apt install nats-server",
  );
}

/** Logs a line of the server: `[PID] DATE TIME [WRN] text`. */
function tell(log: ProcessLog, line: string) {
  const [, level = "INF", text = line] = /\[([A-Z]{3})\] (.*)$/.exec(line) ??
    [];
  // A closed terminal sends it SIGHUP, which asks it to read its settings anew.
  if (text.startsWith("Failed to reload")) log.debug(text);
  else if (level === "FTL" || level === "ERR") log.error(text);
  else if (level === "WRN") log.warn(text);
  else log.debug(text);
}
