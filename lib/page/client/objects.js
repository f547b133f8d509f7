/**
 * The object between the processes, drawn as what it is.
 */
import { h } from "preact";
import htm from "htm";

const html = htm.bind(h);
/** How many values are drawn at most. */
const MOST_VALUES = 24;

/** The object of a run: of a channel that was seen, or from the log alone. */
export function ObjectView({ model }) {
  if (model.race) return html`<${Race} race=${model.race} />`;
  const { channels } = model;
  if (channels.length === 0) return html`<${FromLog} model=${model} />`;
  return channels.map((channel) =>
    html`<${Channel} key=${channel.object} channel=${channel} model=${model} />`
  );
}

const DRAWN = {
  "message queue": Queue,
  "shared memory": Ring,
  socket: Socket,
};

function Channel({ channel, model }) {
  const Drawn = DRAWN[channel.kind] ?? Tube;
  return html`
    <section class="object" data-kind=${channel.kind}
      aria-label="the ${channel.kind} between the processes">
      <h2>${channel.kind}</h2>
      <div class="name">${shortName(channel.object)}</div>
      <${Drawn} channel=${channel} model=${model} />
      <p class="fill" role="status">${fillText(channel)}</p>
      <p class="by">${byText(channel)}</p>
      <ul class="ends">${channel.ends.map((end) =>
        html`<li>${endText(end, model)}</li>`
      )}</ul>
    </section>
  `;
}

/** `65,536 of 65,536 bytes: full`. */
export function fillText({ unit, used, capacity }) {
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

function byText({ used, by, unit }) {
  if (used === undefined) return "The kernel does not say it.";
  return `says the ${unit === "slots" ? "memory itself" : "kernel"}: ${by}`;
}

function endText({ pid, fd, access }, { processes }) {
  const process = processes.find((each) => each.pid === pid);
  const who = process?.logger || `Pid ${pid}`;
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
      html`<span class="value" key=${key}>${value}</span>`
    )
  }${more > 0 ? html`<span class="more">and ${more} more</span>` : ""}</div>`;
}

/** A pipe: bytes in a tube, in at the left, out at the right. */
function Tube({ channel, model }) {
  const width = `${(100 * part(channel)).toFixed(1)}%`;
  return html`
    <div class="tube" aria-hidden="true">
      <div class="bytes" style=${{ width }}></div>
      <${Values} values=${model.transit} />
    </div>
  `;
}

/** A queue: one box a message. */
function Queue({ channel, model }) {
  const { used = 0, capacity = 10 } = channel;
  // The kernel says how many; which ones they are, only the log can say.
  const values = model.transit.toSorted((a, b) =>
    (b.priority ?? 0) - (a.priority ?? 0)
  );
  return html`
    <ol class="boxes" aria-hidden="true">
        ${Array.from(
          { length: capacity },
          (_, i) =>
            html`<li key=${i} class=${i < used ? "full" : ""}>${
              i < used ? values[i]?.value ?? "?" : ""
            }</li>`,
        )}</ol>
    <p class="by">Which message is which: by the log.</p>
  `;
}

/** A ring: slots with a mark each, and where the next one goes in and out. */
function Ring({ channel, model }) {
  const { capacity, used, head = 0, tail = 0 } = channel;
  if (!capacity) return html`<${Values} values=${model.transit} />`;
  return html`
    <ol class="slots" aria-hidden="true">
        ${Array.from({ length: capacity }, (_, i) => {
          const place = (i - head + capacity) % capacity;
          const full = place < used;
          const marks = [i === head ? "out" : "", i === tail ? "in" : ""];
          return html`<li key=${i} class=${
            [full ? "full" : "", ...marks].join(" ")
          }>${full ? model.transit[place]?.value ?? "?" : "-1"}</li>`;
        })}</ol>
    <p class="by">next out: slot ${head}, next in: slot ${tail};
          -1: the slot is empty</p>
  `;
}

/** A socket: a connection of its own for each producer. */
function Socket({ model }) {
  return html`
    <div class="wire" aria-hidden="true">
      <span class="plug">connection</span>
      <${Values} values=${model.transit} />
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
    text: model.processes.length > 0
      ? "no object between them yet"
      : "nothing runs yet",
  };
  return html`
    <section class="object" data-kind=${via ?? "none"}>
      <h2>${name}</h2>
      <div class="tube">
        <${Values} values=${model.transit} />
      </div>
      <p class="fill" role="status">${via
        ? `${model.transit.length} values by the log`
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
