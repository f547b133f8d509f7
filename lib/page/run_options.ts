/**
 * What the page may start: values from fixed lists, and numbers in ranges. No
 * text of a browser ever becomes a part of a command.
 *
 * @module
 */
import { MECHANISMS } from "../mechanism/mod.ts";
import { LOCKS } from "../race/writer.ts";
import { WAYS } from "../wait/mod.ts";

/** The durations that can be chosen. */
export const DURATIONS = ["0", "100ms", "200ms", "500ms", "1s", "2s", "5s"];

/** How a run of the lab was chosen. */
export interface RunOptions {
  via: string;
  wait: string;
  count: number;
  pause: string;
  interval: string;
  retry: string;
  /** The messages' priorities, in turn. */
  priorities: string;
  /** 0: the usual one. */
  capacity: number;
  calls: boolean;
}

/** What can be chosen, for the page's form. */
export type Choices = Record<
  "via" | "wait" | "pause" | "interval" | "retry" | "priorities" | "lock",
  readonly string[]
>;

/** @param mechanisms The names of those that work here. */
export function choicesFor(mechanisms: readonly string[]): Choices {
  return {
    via: mechanisms,
    wait: [...WAYS],
    pause: DURATIONS,
    interval: DURATIONS,
    retry: DURATIONS.slice(1),
    priorities: ["0", "0,5,9", "9,5,0", "0,0,0,9"],
    lock: [...LOCKS],
  };
}

/** The mechanisms that need nothing but this machine. */
export const LOCAL: readonly string[] = MECHANISMS
  .filter(({ properties }) => properties.settles === "at once")
  .map(({ name }) => name);

const MOST_VALUES = 100_000;

const CHOSEN = [
  ...["via", "wait", "pause", "interval", "retry", "priorities"] as const,
];

/** @returns The options; or what is wrong, in one line. */
export function runOptions(
  body: Record<string, unknown>,
  choices: Choices,
): RunOptions | string {
  const { count, capacity, calls } = body;
  for (const name of CHOSEN) {
    if (!choices[name].includes(String(body[name]))) {
      return `${name} must be one of ${choices[name].join(", ")}`;
    }
  }
  if (!isWithin(count, 1, MOST_VALUES)) {
    return `count must be a whole number from 1 to ${MOST_VALUES}`;
  }
  if (!isWithin(capacity, 0, 64)) {
    return "capacity must be a whole number from 0 to 64";
  }
  return {
    via: String(body.via),
    wait: String(body.wait),
    pause: String(body.pause),
    interval: String(body.interval),
    retry: String(body.retry),
    priorities: String(body.priorities),
    count,
    capacity: hasCapacity(String(body.via)) ? capacity : 0,
    calls: calls === true,
  };
}

/** Can the mechanism's capacity be chosen? */
function hasCapacity(via: string): boolean {
  return MECHANISMS.some(({ name, properties: { capacity } }) =>
    name === via && "chosen" in capacity && capacity.chosen
  );
}

function isWithin(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && Number(value) >= min &&
    Number(value) <= max;
}
