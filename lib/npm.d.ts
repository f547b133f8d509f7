// The few functions that we use of packages that ship no types.
// An import from jsr: brings its own: then its entry here goes.

declare module "@std/assert" {
  export function assert(expr: unknown, msg?: string): asserts expr;
  export function assertEquals<T>(actual: T, expected: T, msg?: string): void;
  export function assertMatch(
    actual: string,
    expected: RegExp,
    msg?: string,
  ): void;
  export function assertStringIncludes(
    actual: string,
    expected: string,
    msg?: string,
  ): void;
  export function assertThrows<E extends Error = Error>(
    fn: () => unknown,
    ErrorClass: abstract new (...args: never[]) => E,
    msgIncludes?: string,
    msg?: string,
  ): E;
  export function assertRejects<E extends Error = Error>(
    fn: () => PromiseLike<unknown>,
    ErrorClass: abstract new (...args: never[]) => E,
    msgIncludes?: string,
    msg?: string,
  ): Promise<E>;
}

declare module "@std/async/abortable" {
  export function abortable<T>(p: Promise<T>, signal: AbortSignal): Promise<T>;
}

declare module "@std/async/delay" {
  export function delay(
    ms: number,
    options?: { signal?: AbortSignal; persistent?: boolean },
  ): Promise<void>;
}

declare module "@std/cli/parse-args" {
  export function parseArgs(args: string[], options?: {
    string?: string[];
    boolean?: string[];
    alias?: Record<string, string>;
    /** Put what stands behind -- into a list of that name. */
    "--"?: boolean;
    /** Called for each flag that is not listed; `false` leaves it out. */
    unknown?: (arg: string, key?: string, value?: unknown) => unknown;
  }): { _: (string | number)[]; [flag: string]: unknown };
}

declare module "@std/fmt/colors" {
  type Paint = (text: string) => string;
  export const cyan: Paint;
  export const dim: Paint;
  export const green: Paint;
  export const magenta: Paint;
  export const red: Paint;
  export const yellow: Paint;
}

declare module "@std/streams/text-line-stream" {
  export class TextLineStream extends TransformStream<string, string> {}
}

declare module "@std/text/closest-string" {
  export function closestString(
    givenWord: string,
    possibleWords: readonly string[],
  ): string;
}

declare module "@std/text/levenshtein-distance" {
  export function levenshteinDistance(one: string, other: string): number;
}

declare module "cli-progress" {
  export class SingleBar {
    constructor(options: {
      format: string;
      stream?: unknown;
      clearOnComplete?: boolean;
      hideCursor?: boolean;
      linewrap?: boolean;
    });
    start(total: number, startValue: number, payload?: object): void;
    update(current: number, payload?: object): void;
    stop(): void;
  }
}
