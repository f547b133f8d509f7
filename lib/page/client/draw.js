/**
 * The whole picture: processes with their logs, and what stands between them.
 */
import { Component, h } from "preact";
import htm from "htm";
import { Lanes } from "page/lanes";
import { ObjectView } from "page/objects";
import { seconds, sideOf } from "page/model";

const html = htm.bind(h);

/** The whole picture: who writes, the object, who reads, and the lanes. */
export function Picture({ model, ui, actions }) {
  const shown = model.processes.filter(isShown);
  const at = (side) => shown.filter((each) => sideOf(each) === side);
  const cards = (side) =>
    at(side).map((process) =>
      html`
        <${Process} key=${process.id} process=${process} ui=${ui}
          actions=${actions} start=${model.start} />
      `
    );
  return html`
    <div class="picture">
      <div class="side">${cards("left")}<${Another} part="producer"
        model=${model} actions=${actions} /></div>
      <div class="middle">
        <${ObjectView} model=${model} />
        ${model.race ? "" : html`<${Counters} model=${model} />`}
        ${model.leftOut > 0 && html`
          <p
            class="note">The oldest ${model.leftOut.toLocaleString(
              "en",
            )} lines and looks are left out: all counts begin after them.</p>
        `}
        ${model.notes.slice(-3).map((note) =>
          html`<p class="note" role="status">${note}</p>`
        )}${cards("middle")}</div>
      <div class="side">${cards("right")}<${Another} part="consumer"
        model=${model} actions=${actions} /></div>
    </div>
    <${Lanes} processes=${[...at("left"), ...at("middle"), ...at("right")]}
      model=${model} ui=${ui} />
  `;
}

/** A program may have had helpers, which ended and said nothing. */
function isShown({ part, how, lines }) {
  return part !== "program" || how === undefined || lines.length > 0;
}

/** Starts another process, on the side where it will stand. */
function Another({ part, model, actions }) {
  if (!actions?.startsParts || model.race) return "";
  return html`<button onClick=${() =>
    actions.post("/another", { part })}>+ ${part}</button>`;
}

function Counters({ model: { written, read, lost, retries, transit } }) {
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
      ${lost > 0 &&
        html`
          <div title="with a consumer that has ended">
            <dt>lost</dt>
            <dd>${lost}</dd>
          </div>
        `}
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
};

function Process({ process, ui, actions, start }) {
  const { id, pid, part, logger, why, state, busy, cpuMs, how, command } =
    process;
  const isThread = part.startsWith("worker ");
  const title = TITLES[part] ?? (logger || part);
  return html`
    <section class=${how === undefined ? "process" : "process over"}
      data-part=${part} data-pid=${pid} data-id=${id}
      aria-label="${title}, Pid ${pid}">
        <h2>${title}</h2>
        <p class="pid">Pid ${pid}</p>
        <p class="why" role="status"><b class="state">${state ||
          "…"}</b> ${why || "starting"}</p>
        ${isThread
          ? ""
          : html`<p class="cpu">processor ${Math.round(100 * busy)} %, ${
            (cpuMs / 1000)
              .toFixed(2)
          } s so far</p>`}
        ${actions?.post && how === undefined && !isThread
          ? html`<${Buttons} process=${process} actions=${actions} />`
          : ""}
        ${part === "writer" ||
            (part === "program" && process.lines.length === 0)
          ? ""
          : html`
            <${Log} lines=${process.lines} ui=${ui} start=${start}
              actions=${actions} />
          `}
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
      <${Rest} word="pause" control=${control} actions=${actions} />
      <${Rest} word="interval" control=${control} actions=${actions} />
    `
  }</div>`;
}

/** Changes the pause, or the interval, of a running producer. */
function Rest({ word, control, actions: { choices } }) {
  return html`<select aria-label="change the ${word}" onChange=${(event) =>
    control({ word, duration: event.target.value })()}>
    <option value="" hidden>${word}</option>
    ${
    choices[word].map((each) =>
      html`<option value=${each}>${word} ${each}</option>`
    )
  }
  </select>`;
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
        }}>${shown.slice(-80).map(({ time, text, event, entry, index }) =>
          html`
            <button class="line ${event ?? ""}" key=${`${index} ${text}`}
              title="show this moment" onClick=${() => actions?.show(entry)}>
                    <time>${seconds(time - start)}</time> ${text}</button>
          `
        )}</div>
    `;
  }
}
