/**
 * Reads what a program writes to its terminal, and keeps what a log can hold.
 *
 * @module
 */
import { read } from "../posix/file.ts";
import { type Line, printable, readLine, TORN_LINES, untorn } from "./line.ts";

/** A program that writes more is ended. */
export const MOST_BYTES = 1_000_000;
export const MOST_LINES = 2000; // kept; the sheet's log has about 30
const LONGEST_LINE = 500; // characters
const AT_ONCE = 64; // pieces that are read in one go

// deno-lint-ignore no-control-regex -- it is there to find them
const COLOURS = /\x1b\[[\d;]*m/g;

/** The lines of a terminal. */
export class Output {
  readonly lines: Line[] = [];
  readonly oddities = new Set<string>();
  /** How many bytes were written in all. */
  bytes = 0;
  #rest = "";
  readonly #decoder = new TextDecoder();
  readonly #piece = new Uint8Array(65_536);

  /**
   * Reads what is there.
   *
   * @param fd Our end of the terminal.
   * @param at ms since the start.
   * @returns Did a line come?
   */
  take(fd: number, at: number): boolean {
    const before = this.lines.length;
    for (let i = 0; i < AT_ONCE && this.bytes <= MOST_BYTES; i++) {
      const count = read(fd, this.#piece);
      if (count <= 0) break; // EAGAIN: nothing there; EIO: all have closed
      this.bytes += count;
      const bytes = this.#piece.subarray(0, count);
      this.#split(this.#decoder.decode(bytes, { stream: true }), at);
    }
    return this.lines.length > before;
  }

  /** Takes the last line, if no newline ends it. */
  end(at: number): void {
    this.#line(this.#rest, at);
    this.#rest = "";
  }

  #split(text: string, at: number) {
    const parts = (this.#rest + text).split("\n");
    this.#rest = parts.pop() ?? "";
    for (const part of parts) this.#line(part, at);
    if (this.#rest.length > LONGEST_LINE) this.end(at);
  }

  #line(raw: string, at: number) {
    // The terminal itself turns each newline into \r\n, termios(3): ONLCR.
    if (/\r\r+$/.test(raw)) this.oddities.add("lines end in CR LF");
    const text = raw.replace(/\r+$/, "");
    if (text.trim() === "") return;
    if (printable(text) !== text.replace(COLOURS, "")) {
      this.oddities.add("lines have control characters");
    }
    const parts = untorn(printable(text).trim());
    if (parts.length > 1) {
      this.oddities.add(TORN_LINES);
    }
    for (const part of parts) {
      if (this.lines.length < MOST_LINES) {
        this.lines.push(readLine(part.slice(0, LONGEST_LINE), at));
      }
    }
  }
}
