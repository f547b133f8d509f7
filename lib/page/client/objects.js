/**
 * The object between the processes, drawn as what it is.
 */
import { h } from "preact";
import htm from "htm";

const html = htm.bind(h);
/** How many values are drawn at most. */
const MOST_VALUES = 20;

/** The object of a run: of a channel that was seen, or from the log alone. */
export function ObjectView({ model }) {
  if (model.race) return html`<${Race} race=${model.race} />`;
  const { channels } = model;
  if (channels.length === 0) return html`<${FromLog} model=${model} />`;
  return grouped(channels).map((all) =>
    html`
      <${Channel} key=${all[0].object} all=${all} model=${model}
        alone=${all.length === channels.length} />
    `
  );
}

/** The connections of a socket belong together: one for each producer. */
function grouped(channels) {
  const key = ({ kind, object }) => `${kind} ${object}`;
  return [...Map.groupBy(channels, key).values()];
}

/** What lies in it by the log; a value that waits to get in comes last. */
function valuesIn({ ends }, { transit }, alone) {
  const writes = ({ id }) =>
    ends.some(({ pid, access }) => access !== "read" && id === `${pid}`);
  const values = alone ? transit : transit.filter(writes);
  return values.toSorted((a, b) => (a.held ?? 0) - (b.held ?? 0));
}

const DRAWN = {
  "message queue": Queue,
  "shared memory": Ring,
  socket: Wire,
  semaphore: () => "",
};

function Channel({ all, model, alone }) {
  const [{ kind, object }] = all;
  const Drawn = DRAWN[kind] ?? Tube;
  const gone = all.every(({ ends }) => ends.length === 0);
  return html`
    <section class=${gone ? "object gone" : "object"} data-kind=${kind}
      aria-label="the ${kind} between the processes">
      <h2>${kind}</h2>
      <div class="name">${shortName(object)}</div>
      ${all.map((channel) => {
        const values = valuesIn(channel, model, alone && all.length === 1);
        return html`
          <${Drawn} channel=${channel} values=${values} />
          <p class="fill" role="status">${fillText(channel)}</p>
          <p class="by">${byText(channel)}${logText(values)}</p>
          <ul class="ends">${channel.ends.map((end) =>
            html`<li>${endText(end, model)}</li>`
          )}</ul>
        `;
      })}
      ${gone &&
        html`<p class="by">The last picture: nobody has it open any more.${
          object.startsWith("/") && " After kill -9, its name is still there."
        }</p>`}
    </section>
  `;
}

/** `65,536 of 65,536 bytes: full`. */
export function fillText({ kind, unit, used, capacity }) {
  if (kind === "semaphore") return "";
  if (used === undefined) return "how full: only the log can say";
  const of = capacity === undefined ? "" : ` of ${number(capacity)}`;
  const state = used === 0
    ? ": empty"
    : isFull({ unit, used, capacity })
    ? ": FULL"
    : "";
  return `${number(used)}${of} ${unit}${state}`;
}

/** A pipe takes no more as soon as less than PIPE_BUF is free: pipe(7). */
function isFull({ unit, used, capacity = Infinity }) {
  return used > capacity - (unit === "bytes" ? 4096 : 1);
}

function byText({ kind, used, by, unit }) {
  if (kind === "semaphore") return "";
  if (used === undefined) return "The kernel does not say it.";
  return `says the ${unit === "slots" ? "memory itself" : "kernel"}: ${by}. `;
}

/** The log is newer than the last look, so the two figures may differ. */
function logText(values) {
  const waits = values.filter(({ held }) => held).length;
  return values.length === 0
    ? ""
    : `By the log: ${number(values.length)} written and not yet read` +
      (waits === 0
        ? "."
        : `, ${waits} of them ${waits === 1 ? "waits" : "wait"} to get in.`);
}

function endText({ pid, fd, access }, { processes }) {
  const process = processes.find((each) => each.pid === pid);
  const same = processes.filter(({ logger }) => logger === process?.logger);
  const who = process?.logger && same.length === 1
    ? process.logger
    : `${process?.logger ?? ""} Pid ${pid}`;
  const how = { read: "reads", write: "writes", both: "reads and writes" };
  const where = fd === undefined ? "mapped" : `descriptor ${fd}`;
  return `${who} ${how[access]}: ${where}`;
}

function number(value) {
  return value.toLocaleString("en-US");
}

/** The name without the folder of the project. */
function shortName(object) {
  return object.replace(/^.*\/(run\/[^/]+)$/, "$1");
}

function part({ used, capacity }) {
  if (used === undefined || !capacity) return 0;
  return Math.min(1, used / capacity);
}

function Values({ values }) {
  const shown = values.slice(0, MOST_VALUES); // the next to be read first
  const more = values.length - shown.length;
  return html`<div class="values" title="written and not yet read: by the log">
    ${
    shown.map(({ value, key }) =>
      html`<span class="value" key=${key} data-key=${key}>${value}</span>`
    )
  }${more > 0 ? html`<span class="more">and ${more} more</span>` : ""}</div>`;
}

/** A pipe: bytes in a tube, in at the left, out at the right. */
function Tube({ channel, values }) {
  const width = `${(100 * part(channel)).toFixed(1)}%`;
  return html`
    <div class="tube holds" aria-hidden="true">
      <div class="bytes" style=${{ width }}></div>
      <${Values} values=${values} />
    </div>
  `;
}

/** A queue: one box a message, and the next to be taken out comes first. */
function Queue({ channel: { used = 0, capacity = 10 }, values }) {
  // The kernel says how many; which ones they are, only the log can say.
  const inside = values.slice(0, used).toSorted((a, b) =>
    b.priority - a.priority
  );
  const box = (_, i) => {
    if (i >= used) return html`<li key=${i}></li>`;
    const { value = "?", key, priority } = inside[i] ?? {};
    return html`
      <li key=${i} class="full"
        data-key=${key}>${value}${priority > 0 &&
          html`<small> p${priority}</small>`}</li>
    `;
  };
  return html`
    <ol class="boxes holds" aria-hidden="true">
        ${Array.from({ length: capacity }, box)}</ol>
    <p class="by">The next to be received comes first: the highest priority
      (p), then the oldest. Which message is which: by the log.</p>
  `;
}

/** A ring: slots with a mark each, and where the next one goes in and out. */
function Ring({ channel, values }) {
  const { capacity, used, head = 0, tail = 0 } = channel;
  if (!capacity) return html`<${Values} values=${values} />`;
  return html`
    <ol class="slots holds" aria-hidden="true">
        ${Array.from({ length: capacity }, (_, i) => {
          const place = (i - head + capacity) % capacity;
          const full = place < used;
          const marks = [i === head ? "out" : "", i === tail ? "in" : ""];
          const { value = "?", key } = full ? values[place] ?? {} : {};
          return html`<li key=${i} data-key=${key} class=${
            [full ? "full" : "", ...marks].join(" ")
          }>${full ? value : "-1"}</li>`;
        })}</ol>
    <p class="by">next out: slot ${head}, next in: slot ${tail};
          -1: the slot is empty</p>
  `;
}

/** A socket: a connection of its own for each producer. */
function Wire({ values }) {
  return html`
    <div class="wire holds" aria-hidden="true">
      <span class="plug">connection</span>
      <${Values} values=${values} />
    </div>
  `;
}

/** No object can be seen: workers share memory of one process. */
/** What no kernel shows: memory of one process, or a mailbox on a server. */
const UNSEEN = {
  workers: {
    name: "SharedArrayBuffer",
    text: "memory of one process: only the log can say what lies in it",
  },
  nats: {
    name: "mailbox on a NATS server",
    text: "not in this kernel: only the log can say what lies in it",
  },
};

function FromLog({ model }) {
  const via = Object.keys(UNSEEN).find((name) =>
    model.processes.some(({ command }) => command?.includes(`--via=${name} `))
  );
  const { name, text } = UNSEEN[via] ?? {
    name: "The object between them",
    text: model.processes.some(({ how }) => how === undefined)
      ? "no object between them yet"
      : model.processes.length > 0
      ? "no object between them was seen"
      : "nothing runs yet",
  };
  return html`
    <section class="object" data-kind=${via ?? "none"}>
      <h2>${name}</h2>
      <div class="tube holds">
        <${Values} values=${model.transit} />
      </div>
      <p class="fill" role="status">${via
        ? `By the log: ${model.transit.length} written and not yet read`
        : text}</p>
      <p class="by">${via ? text : ""}</p>
    </section>
  `;
}

/** The race: one word, and what is lost of it. */
function Race({ race: { lock, value, done, lost, expected } }) {
  const percent = done > 0 ? (100 * lost / done).toFixed(1) : "0.0";
  return html`
    <section class="object" data-kind="race">
      <h2>One word of shared memory, --lock=${lock}</h2>
      <p class="word">${number(value)}</p>
      <p>is its value. Both writers have added 1 at least
          <b> ${number(done)} </b> times${done >= expected
            ? ": finished"
            : ""}.</p>
      <div class="tube" aria-hidden="true">
        <div class="bytes" style=${{
          width: `${100 * done / expected}%`,
        }}></div>
      </div>
      <p class="fill" role="status">${number(
        lost,
      )} updates lost (${percent} %)</p>
    </section>
  `;
}
