/**
 * What has happened so far, and the browsers that are told of it: server-sent
 * events.
 *
 * @module
 */
import type { Entry } from "../observe/recording.ts";
import { kept, MOST_ENTRIES } from "./client/kept.js";

/** How many entries of a recording are played. */
export const MOST_PLAYED = 200_000;
/** How many browser windows may be open at once. */
export const MOST_CLIENTS = 8;
/** How many batches may wait for a slow browser: then it has to connect anew. */
const MOST_WAITING = 100;
/** How often (ms) new entries are told: a fast run logs 20,000 lines a second. */
const BATCH_MS = 50;
/** So many new entries are told at once, even if the timer is late. */
const MOST_UNTOLD = 5000;
/** A longer text of a log line is shortened. */
export const MOST_CHARACTERS = 2000;

type Client = ReadableStreamDefaultController<Uint8Array>;

/** The entries of the run, told to all browsers as they come. */
export class Events {
  readonly #clients = new Set<Client>();
  readonly #encoder = new TextEncoder();
  readonly #most: number;
  #entries: Entry[] = [];
  #untold: Entry[] = [];
  #timer?: ReturnType<typeof setTimeout>;

  /** @param most How many entries are kept. */
  constructor(most = MOST_ENTRIES) {
    this.#most = most;
  }

  /** All entries so far, as far as they are kept. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** A new run begins: forgets the last one. */
  restart(title: string): void {
    this.#entries = [];
    const time = new Date().toISOString();
    this.add({ time, event: "recording", version: 1, title });
  }

  /** Keeps an entry, and tells it soon. */
  add(entry: Entry): void {
    if ("message" in entry && entry.message.length > MOST_CHARACTERS) {
      entry = { ...entry, message: entry.message.slice(0, MOST_CHARACTERS) };
    }
    this.#entries.push(entry);
    this.#entries = kept(this.#entries, this.#most);
    if (this.#clients.size === 0) return; // a new one gets all entries
    this.#untold.push(entry);
    if (this.#untold.length >= MOST_UNTOLD) this.#tell();
    else this.#timer ??= setTimeout(() => this.#tell(), BATCH_MS);
  }

  #tell() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#untold.length === 0) return;
    const bytes = this.#bytesOf(this.#untold);
    this.#untold = [];
    for (const client of this.#clients) {
      if ((client.desiredSize ?? 0) > -MOST_WAITING) client.enqueue(bytes);
      else this.#leave(client); // it connects anew, and gets all at once
    }
  }

  #bytesOf(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
    return this.#encoder.encode(`data: ${JSON.stringify(entries)}\n\n`);
  }

  /** @returns The events as a response's body; `undefined`: too many listen. */
  open(): ReadableStream<Uint8Array> | undefined {
    if (this.#clients.size >= MOST_CLIENTS) return undefined;
    let client: Client;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        client = controller;
        this.#tell(); // so that nothing reaches the new one twice
        this.#clients.add(client);
        client.enqueue(this.#encoder.encode("retry: 1000\n\n"));
        client.enqueue(this.#bytesOf(this.#entries));
      },
      cancel: () => void this.#clients.delete(client),
    });
  }

  #leave(client: Client) {
    this.#clients.delete(client);
    client.close();
  }

  /** Ends all connections. */
  close(): void {
    clearTimeout(this.#timer);
    for (const client of [...this.#clients]) this.#leave(client);
  }
}
