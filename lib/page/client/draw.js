/**
 * Processes, their logs, and the swim lanes over time.
 */
import { Component, h } from "preact";
import htm from "htm";
import { ObjectView } from "page/objects";
import { seconds } from "page/model";

const html = htm.bind(h);

/** The whole picture: who writes, the object, who reads, and the lanes. */
export function Picture({ model, ui, actions }) {
  const at = (wanted) => model.processes.filter(wanted);
  const reads = ({ part }) => part === "consumer" || part === "worker 2";
  const right = at(reads);
  const left = at((process) => !reads(process));
  const cards = (processes) =>
    processes.map((process) =>
      html`
        <${Process} key=${process.id} process=${process} ui=${ui}
          actions=${actions} start=${model.start} />
      `
    );
  return html`
    <div class="picture">
      <div class="side">${cards(left)}</div>
      <div class="middle">
        <${ObjectView} model=${model} />
        ${model.race ? "" : html`<${Counters} model=${model} />`}</div>
      <div class="side">${cards(right)}</div>
    </div>
        <${Lanes} model=${model} ui=${ui} actions=${actions} />
        ${model.notes.slice(-3).map((note) =>
          html`<p class="note">${note}</p>`
        )}
  `;
}

function Counters({ model: { written, read, retries, transit } }) {
  return html`
    <dl class="counters">
      <div>
        <dt>written</dt>
        <dd>${written}</dd>
      </div>
      <div>
        <dt>read</dt>
        <dd>${read}</dd>
      </div>
      <div>
        <dt>on the way</dt>
        <dd>${transit.length}</dd>
      </div>
      <div>
        <dt>retries</dt>
        <dd>${retries}</dd>
      </div>
    </dl>
  `;
}

const TITLES = {
  producer: "Process 1, the producer",
  consumer: "Process 2, the consumer",
  workers: "The parent of two workers",
  "worker 1": "Process 1, a worker",
  "worker 2": "Process 2, a worker",
  program: "Program",
};

function Process({ process, ui, actions, start }) {
  const { pid, part, logger, why, state, busy, cpuMs, how, command } = process;
  const title = part === "program" && logger ? logger : TITLES[part] ?? part;
  return html`
    <section class=${how === undefined ? "process" : "process over"}
      data-part=${part} data-pid=${pid}
      aria-label="${title}, Pid ${pid}">
        <h2>${title}</h2>
        <p class="pid">Pid ${pid}</p>
        <p class="why" role="status"><b class="state">${state ||
          "…"}</b> ${why || "starting"}</p>
        <p class="cpu">processor ${Math.round(100 * busy)} %, ${(cpuMs / 1000)
          .toFixed(2)} s so far</p>
        ${actions?.post && how === undefined && !part.startsWith("worker ")
          ? html`<${Buttons} process=${process} actions=${actions} />`
          : ""}
        <${Log} lines=${process
          .lines} ui=${ui} start=${start} actions=${actions} />
        ${command &&
          html`
            <details>
              <summary>command</summary>
              <p class="command">${command}</p>
            </details>
          `}</section>
  `;
}

function Buttons({ process: { pid, part }, actions }) {
  const send = (signal) => () => actions.post("/signal", { pid, signal });
  const control = (body) => () => actions.post("/control", { pid, ...body });
  return html`<div class="buttons">
    <button onClick=${send("SIGKILL")}>kill -9</button>
    <button onClick=${send("SIGSTOP")}>Stop</button>
    <button onClick=${send("SIGCONT")}>Continue</button>
    <button onClick=${send("SIGINT")}>Ctrl-C</button>
    ${
    part !== "producer" ? "" : html`
      <button onClick=${control({ word: "step" })}>Step</button>
      <button onClick=${control({ word: "go" })}>Go</button>
      <label>pause <select onChange=${(event) =>
        control({ word: "pause", pause: event.target.value })()}>
        <option value="" hidden></option>
        ${actions.choices.pause.map((pause) => html`<option>${pause}</option>`)}
      </select></label>
    `
  }</div>`;
}

/** The log of one process; it stays at its end. */
class Log extends Component {
  componentDidUpdate() {
    if (this.box) this.box.scrollTop = this.box.scrollHeight;
  }

  render({ lines, ui, start, actions }) {
    const shown = lines.filter(({ event }) => ui.calls || event !== "call");
    return html`
      <div class="log" tabindex="0" role="log" aria-label="log"
        ref=${(box) => {
          this.box = box;
        }}>${shown.slice(-80).map(({ time, text, event, index }) =>
          html`
            <button class="line ${event ?? ""}" key=${`${index} ${text}`}
              title="show this moment" onClick=${() => actions?.goTo(index)}>
                    <time>${seconds(time - start)}</time> ${text}</button>
          `
        )}</div>
    `;
  }
}

const LANE = 46;
const WIDTH = 1000;
const LEFT = 120;

/** Swim lanes: what each process did, and each value on its way. */
export function Lanes({ model, ui }) {
  const { processes, arrows } = model;
  if (processes.length === 0) return "";
  const to = model.now;
  const from = Math.max(model.start, to - ui.windowMs);
  const x = (time) =>
    LEFT + (WIDTH - LEFT) * (time - from) / Math.max(1, to - from);
  const y = (id) => LANE * processes.findIndex((each) => each.id === id);
  const inside = ({ time }) => time >= from;
  return html`
    <section class="lanes" aria-label="swim lanes over time">
      <svg viewBox="0 0 ${WIDTH} ${LANE * processes.length + 26}" role="img"
        aria-label="what each process did over time">
        <${Patterns} />
        ${processes.map((process) =>
          html`<g key=${process.id}>
      <text x="0" y=${y(process.id) + 24}>${
            process.logger || process.pid
          }</text>
      ${
            process.bars.filter((bar) => (bar.to ?? to) > from).map((bar) =>
              html`
                <rect class="bar ${bar.kind}" x=${x(Math.max(from, bar.from))}
                  y=${y(process.id) + 8} height="22" width=${Math.max(
                    1,
                    x(bar.to ?? to) - x(Math.max(from, bar.from)),
                  )}>
                  <title>${bar.why}</title>
                </rect>
              `
            )
          }
      ${
            process.marks.filter(inside).map(({ time, kind, text }) =>
              html`
                <text class="mark ${kind}" x=${x(time)}
                  y=${y(process.id) +
                    25}>${MARKS[kind]}<title>${`${kind} ${text}`}</title></text>
              `
            )
          }</g>`
        )}
        ${arrows.filter(inside).map(({ since, time, from: a, to: b, value }) =>
          html`
            <line class="arrow" key=${`${value} ${time}`} x1=${x(
              Math.max(from, since),
            )} y1=${y(a) + 19} x2=${x(time)}
              y2=${y(b) + 19}>
              <title>${value}</title>
            </line>
          `
        )}
        <text x=${LEFT} y=${LANE * processes.length + 20}>${seconds(
          from - model.start,
        )}</text>
        <text x=${WIDTH} y=${LANE * processes.length +
          20} text-anchor="end">${seconds(to - model.start)}</text></svg>
      <p class="key"><span class="swatch running"></span> running
          <span class="swatch asleep"></span> asleep
          <span class="swatch blocked"></span> waits in a call
          <span class="swatch stopped"></span> stopped
          <span> ▲ writes ▼ reads ○ retries ✕ ended</span></p>
    </section>
  `;
}

const MARKS = {
  write: "▲",
  read: "▼",
  retry: "○",
  full: "■",
  end: "✕",
  signal: "⚡",
};

/** Bars differ by pattern, so that a projector needs no colour. */
function Patterns() {
  const line = (d) => html`<path d=${d} stroke="#222" stroke-width="2" />`;
  const pattern = (id, content) =>
    html`<pattern id=${id} width="8" height="8" patternUnits="userSpaceOnUse">
      <rect width="8" height="8" fill="#fff" />${content}</pattern>`;
  return html`<defs>${pattern("stopped", line("M0 8L8 0"))}
    ${pattern("blocked", html`<circle cx="4" cy="4" r="1.6" fill="#222" />`)}
  </defs>`;
}
