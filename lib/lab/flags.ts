/**
 * The flags of producer, consumer and lab; the lab hands them on to the two.
 *
 * @module
 */
import { defineCommand, type OptionsFor } from "../cli/define.ts";
import {
  choice,
  duration,
  file,
  integer,
  list,
  text,
  toggle,
} from "../cli/flag.ts";
import { FORMAT_NAMES, type FormatName } from "../message/format_names.ts";
import { MECHANISMS } from "../mechanism/mod.ts";
import { WAYS } from "../wait/mod.ts";
import {
  atServer,
  BETWEEN_TASKS,
  CALLS,
  nameFlag,
  NAMES_ARE,
  RETRY,
  SERVER_FLAG,
  viaFlag,
} from "./channel_flags.ts";
import {
  checkFiles,
  checkMailbox,
  checkMoving,
  checkProducing,
} from "./rules.ts";

const MAX_PRIORITY = 32_767; // mq_send(3), MQ_PRIO_MAX - 1

function isFormat(name: string): name is FormatName {
  return Object.hasOwn(FORMAT_NAMES, name);
}

const CHANNEL = {
  server: SERVER_FLAG,
  name: nameFlag("the channel's name, shared by both ends", "lab"),
  count: integer({
    value: "N",
    help: "how many values are written, and expected",
    default: 10,
  }),
};

const processFlag = (help: string) =>
  text({
    value: "PROCESS",
    help,
    pattern: /^[A-Za-z0-9._-]{1,62}$/,
    allowed: NAMES_ARE,
  });

const INTERVAL = {
  interval: duration({
    help: "sleep between values; in the lab, the producer's",
    default: "0",
  }),
};

const PRODUCING = {
  from: integer({ value: "N", help: "the first value", default: 1 }),
  priority: integer({
    value: "N",
    help:
      "every message's priority: the queue delivers the highest first, the others ignore it",
    max: MAX_PRIORITY,
  }),
  priorities: list({
    value: "N,N,...",
    help: "the messages' priorities, in turn: --priorities=0,5,9",
    allowed: `numbers from 0 to ${MAX_PRIORITY}`,
    item: (text) =>
      /^\d{1,5}$/.test(text) && Number(text) <= MAX_PRIORITY
        ? Number(text)
        : undefined,
  }),
  sync: toggle(
    "a rendezvous: go on when process 2, with --format=header, has taken the value",
  ),
  "pause-every": integer({
    value: "N",
    help: "pause after every Nth value; 0 for never",
    default: 6,
    with: { "--quiet": 0 },
  }),
  pause: duration({
    help: "how long that pause is; 0 for none",
    default: "5s",
  }),
  ...INTERVAL,
  input: file({
    value: "FILE",
    help:
      "send all lines of this file instead of numbers; - for standard input",
    dash: true,
  }),
};

const CONSUMING = {
  output: file({
    value: "FILE",
    help:
      "also write each body to this file, one a line; - for standard output",
    dash: true,
  }),
  "until-end": toggle(
    "read until every producer has closed, not --count",
  ),
};

const CHILD = {
  parent: integer({
    value: "PID",
    help: "end with this process, the lab that has started us",
    min: 1,
  }),
};

// With --quiet the lab runs as fast as it can: no pauses, no sleeps.
const MOVING = {
  wait: choice({
    value: "WAY",
    help: "retry, block (the kernel wakes us) or spin",
    default: "retry",
    with: { "--quiet": "block" },
    of: WAYS,
  }),
  retry: RETRY,
  timeout: duration({
    help: "give up after so long without progress; 0: never",
    default: "60s",
  }),
  format: choice({
    value: "FORMAT",
    help: "how a message lies on the wire, the same at both ends",
    default: "line",
    with: { "--sync": "header", "--capacity=0": "header" },
    of: Object.keys(FORMAT_NAMES).filter(isFormat),
    table: { title: "Formats", rows: Object.entries(FORMAT_NAMES) },
  }),
  capacity: integer({
    value: "N",
    help:
      "how many messages the buffer holds, where one can choose; 0 for a rendezvous",
  }),
  quiet: toggle("no line per value, but a summary"),
  calls: CALLS,
};

const RECORDING = {
  record: file({
    value: "FILE",
    help: "record the run in this file in run/: deno task page FILE plays it",
    dash: false,
  }),
  perfetto: file({
    value: "FILE",
    help: "write a trace of the run to this file, for ui.perfetto.dev",
    dash: false,
  }),
};

/** Process 1. */
export const PRODUCER = defineCommand({
  name: "producer",
  about: "Process 1: writes values into a channel.",
  flags: {
    via: viaFlag(BETWEEN_TASKS),
    ...CHANNEL,
    as: processFlag("this process's name"),
    to: processFlag(
      "send to the mailbox of the consumer with this --as",
    ),
    ...PRODUCING,
    control: toggle(
      "follow commands on standard input: step, go, pause DURATION",
    ),
    ...MOVING,
    ...CHILD,
  },
  examples: [
    "deno task producer                           # beside: deno task consumer",
    "seq 1 1000000 | deno task producer --input=- --quiet",
  ],
  check(options, written) {
    checkMailbox(options, written);
    if (options.control && options.input === "-") {
      written.refuse("input", "a file with --control, which reads the input");
    }
    return checkProducing(
      checkMoving(atServer(options, written), written),
      written,
    );
  },
});

/** Process 2. */
export const CONSUMER = defineCommand({
  name: "consumer",
  about: "Process 2: reads values from a channel.",
  flags: {
    via: viaFlag(BETWEEN_TASKS),
    ...CHANNEL,
    as: processFlag("this process's name; it then reads its own mailbox"),
    ...INTERVAL,
    ...CONSUMING,
    ...MOVING,
    ...CHILD,
  },
  examples: [
    "deno task consumer                           # beside: deno task producer",
    "deno task consumer --until-end --quiet --output=- > copy.txt",
  ],
  check(options, written) {
    checkMailbox(options, written);
    if (options.untilEnd && written.has("count")) {
      written.refuse("count", "left out with --until-end");
    }
    return checkMoving(atServer(options, written), written);
  },
});

/** The parent, process 1 and process 2. */
export const LAB = defineCommand({
  name: "lab",
  about: "Parent, process 1 and process 2 in one shell: the lab sheet's run.",
  flags: {
    via: viaFlag(MECHANISMS),
    ...CHANNEL,
    ...PRODUCING,
    ...CONSUMING,
    ...MOVING,
    ...RECORDING,
  },
  examples: [
    "deno task lab",
    "deno task lab --via=workers --pause=1s --retry=200ms",
    "deno task shared-memory                      # lab --via=workers, no other",
  ],
  check(options, written) {
    checkFiles(options, written);
    return checkProducing(
      checkMoving(atServer(options, written), written),
      written,
    );
  },
});

/** The producer's options; the lab's options have them all but `control`. */
export type ProducerOptions =
  & Omit<OptionsFor<typeof PRODUCER>, "control">
  & { control?: boolean };
/** The consumer's options; the lab's options have them all. */
export type ConsumerOptions = OptionsFor<typeof CONSUMER>;
/** The lab's options. */
export type LabOptions = OptionsFor<typeof LAB>;
