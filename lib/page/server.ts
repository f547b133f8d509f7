/**
 * The server of the page: it answers one browser's requests, after the guard.
 *
 * @module
 */
import { isExpected } from "../error.ts";
import type { Entry } from "../observe/recording.ts";
import { LOCKS } from "../race/writer.ts";
import { SIGNALS } from "./actor.ts";
import { ASSETS, PAGE_HTML, scriptHash, standalone } from "./assets.ts";
import { Events, MOST_PLAYED } from "./events.ts";
import {
  cookieFor,
  type Guard,
  headersOf,
  isPrintedAddress,
  isRefused,
  newToken,
  readPost,
  type Refused,
  refuseStranger,
  refuseWithoutCookie,
} from "./guard.ts";
import { LiveRace } from "./live_race.ts";
import { Program } from "./program.ts";
import {
  type Choices,
  choicesFor,
  DURATIONS,
  LOCAL,
  runOptions,
} from "./run_options.ts";
import { Stage } from "./stage.ts";

/** What the page is for: to run, to watch a program, or to play. */
export type Mode = "run" | "program" | "play";

/** What runs: at most one of them at a time. */
interface Running {
  end(): Promise<void>;
}

type Body = Record<string, unknown>;

/** The server's state. */
export class PageServer implements AsyncDisposable {
  readonly events: Events;
  readonly #mode: Mode;
  readonly #command: readonly string[];
  readonly #choices: Choices;
  #guard: Guard = { port: 0, token: newToken(), scriptHash: "" };
  #server?: Deno.HttpServer<Deno.NetAddr>;
  #stage?: Stage;
  #program?: Program;
  #race?: LiveRace;
  #changing: Promise<unknown> = Promise.resolve();

  /**
   * @param command A program to watch, if there is one.
   * @param mechanisms The names of those that can be chosen.
   */
  constructor(
    command: readonly string[] = [],
    recording?: readonly Entry[],
    mechanisms = LOCAL,
  ) {
    this.#choices = choicesFor(mechanisms);
    this.#command = command;
    this.#mode = recording ? "play" : command.length > 0 ? "program" : "run";
    this.events = new Events(recording ? MOST_PLAYED : undefined);
    for (const entry of recording ?? []) this.events.add(entry);
  }

  /**
   * Listens on 127.0.0.1.
   *
   * @returns The address to open, with its token.
   * @throws If the port is taken.
   */
  async listen(port: number): Promise<string> {
    const options = { hostname: "127.0.0.1", port, onListen() {} };
    this.#server = Deno.serve(options, (request) => this.#handle(request));
    this.#guard.port = this.#server.addr.port;
    this.#guard.scriptHash = await scriptHash();
    return `http://127.0.0.1:${this.#guard.port}/?token=${this.#guard.token}`;
  }

  async #handle(request: Request): Promise<Response> {
    const stranger = refuseStranger(request, this.#guard);
    if (stranger) return this.#refuse(stranger);
    if (isPrintedAddress(request, this.#guard)) {
      const cookie = { location: "/", "set-cookie": cookieFor(this.#guard) };
      return this.#answer("", "text/plain", 303, cookie);
    }
    const unknown = refuseWithoutCookie(request, this.#guard);
    if (unknown) return this.#refuse(unknown);
    if (request.method === "GET") return this.#get(new URL(request.url));
    if (request.method !== "POST") {
      return this.#refuse({ status: 405, why: "GET and POST alone" });
    }
    const body = await readPost(request);
    if (isRefused(body)) return this.#refuse(body);
    // One change after the other: a run ends before the next one starts.
    const change = this.#changing.then(() =>
      this.#post(new URL(request.url).pathname, body)
    ).catch((error) => {
      if (!isExpected(error)) throw error;
      return error.message;
    });
    this.#changing = change.catch(() => {});
    const refused = await change;
    if (typeof refused === "string") {
      return this.#refuse({ status: 400, why: refused });
    }
    return this.#answer("{}", "application/json");
  }

  #get({ pathname }: URL): Response {
    if (pathname === "/") return this.#answer(PAGE_HTML, "text/html");
    if (pathname === "/setup") {
      const setup = { mode: this.#mode, choices: this.#choices };
      return this.#answer(JSON.stringify(setup), "application/json");
    }
    if (pathname === "/events") {
      const body = this.events.open();
      return body
        ? this.#answer(body, "text/event-stream")
        : this.#refuse({ status: 503, why: "too many windows are open" });
    }
    if (pathname === "/recording.jsonl") {
      const lines = this.events.entries.map((entry) => JSON.stringify(entry));
      return this.#download(lines.join("\n") + "\n", "recording.jsonl");
    }
    if (pathname === "/recording.html") {
      const page = standalone(this.events.entries);
      return this.#download(page, "recording.html");
    }
    const asset = ASSETS.get(pathname);
    return asset
      ? this.#answer(asset.body, asset.type)
      : this.#refuse({ status: 404, why: "no such file" });
  }

  /** @returns Why it was not done, in one line. */
  async #post(path: string, body: Body): Promise<string | undefined> {
    if (path === "/signal") return this.#signal(body);
    if (this.#mode === "play") return "a recording is played";
    if (path === "/run") return await this.#run(body);
    if (path === "/end") return await this.#end();
    if (path === "/race") return await this.#startRace(body);
    if (path === "/another") {
      const part = (["producer", "consumer"] as const)
        .find((part) => part === body.part);
      if (!part) return "part must be producer or consumer";
      return this.#stage ? this.#stage.startAnother(part) : "start a run first";
    }
    if (path === "/control") return this.#control(body);
    if (path === "/remove") return await this.#removeLeft();
    return "no such request";
  }

  async #run(body: Body): Promise<string | undefined> {
    if (this.#mode === "program") {
      await this.#end();
      this.events.restart(this.#command.join(" "));
      this.#program = new Program(this.#command, this.#tell);
      return;
    }
    const run = runOptions(body, this.#choices);
    if (typeof run === "string") return run;
    await this.#end();
    this.events.restart(`lab --via=${run.via} --wait=${run.wait}`);
    this.#stage = new Stage(`page${this.#guard.port}`, this.#tell);
    this.#stage.start(run);
  }

  readonly #tell = (entry: Entry) => this.events.add(entry);

  async #startRace({ lock }: Body): Promise<string | undefined> {
    const found = LOCKS.find((each) => each === lock);
    if (!found) return `lock must be one of ${LOCKS.join(", ")}`;
    await this.#end();
    this.events.restart(`race --via=shm --lock=${found}`);
    this.#race = new LiveRace(found, this.#tell);
  }

  #signal({ pid, signal }: Body): string | undefined {
    const found = SIGNALS.find((each) => each === signal);
    if (!found) return `signal must be one of ${SIGNALS.join(", ")}`;
    const sent = this.#stage?.signal(pid, found) ??
      this.#program?.signal(pid, found) ?? this.#race?.signal(pid, found);
    return sent ? undefined : "no such process of this page";
  }

  #control({ pid, word, duration }: Body): string | undefined {
    const command = word === "step" || word === "go"
      ? word
      : (word === "pause" || word === "interval") &&
          DURATIONS.includes(String(duration))
      ? `${word} ${duration}`
      : undefined;
    if (command === undefined) {
      return `word must be step, go, pause or interval, and duration one of ${
        DURATIONS.join(", ")
      }`;
    }
    const told = this.#stage?.tell(pid, command);
    return told ? undefined : "no such producer of this page";
  }

  async #removeLeft(): Promise<string | undefined> {
    if (!this.#stage) return "start a run first";
    const message = await this.#stage.removeLeft();
    const time = new Date().toISOString();
    const line = { level: "INFO", logger: "remove", pid: Deno.pid, message };
    this.events.add({ time, ...line });
  }

  async #end(): Promise<undefined> {
    const all: (Running | undefined)[] = [
      this.#stage,
      this.#program,
      this.#race,
    ];
    this.#stage = this.#program = this.#race = undefined;
    await Promise.all(all.map((running) => running?.end()));
  }

  #answer(
    body: BodyInit,
    type: string,
    status = 200,
    more: Record<string, string> = {},
  ): Response {
    const headers = { "content-type": type, ...headersOf(this.#guard) };
    return new Response(body, { status, headers: { ...headers, ...more } });
  }

  #download(body: string, name: string): Response {
    const disposition = `attachment; filename="${name}"`;
    const type = "application/octet-stream";
    return this.#answer(body, type, 200, {
      "content-disposition": disposition,
    });
  }

  #refuse({ status, why }: Refused): Response {
    return this.#answer(`Refused: ${why}\n`, "text/plain", status);
  }

  async [Symbol.asyncDispose]() {
    await this.#changing;
    await this.#end();
    this.events.close();
    await this.#server?.shutdown();
  }
}
