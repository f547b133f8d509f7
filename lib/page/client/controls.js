/**
 * The form that starts a run, and the player of a recording.
 */
import { h } from "preact";
import htm from "htm";
import { seconds } from "page/model";

const html = htm.bind(h);

function Choice({ name, label, of, value }) {
  return html`<label>${label}<select name=${name}>${
    of.map((each) => html`<option selected=${each === value}>${each}</option>`)
  }</select></label>`;
}

/** The form above a live page. */
export function Controls({ setup, actions, ui }) {
  const { mode, choices } = setup;
  const run = (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    const text = (name) => String(form.get(name) ?? "");
    actions.post("/run", {
      ...{ via: text("via"), wait: text("wait"), retry: text("retry") },
      ...{ pause: text("pause"), interval: text("interval") },
      ...{ count: Number(text("count")), capacity: Number(text("capacity")) },
      calls: ui.calls,
    });
  };
  const post = (path, body = {}) => () => actions.post(path, body);
  return html`<form class="controls" onSubmit=${run}>
    ${
    mode === "run" && html`
      <${Choice} name="via" label="mechanism" of=${choices.via} value="fifo" />
      <${Choice} name="wait" label="wait" of=${choices.wait} value="retry" />
      <label>values<input name="count" type="number" min="1" max="100000"
        value="10" /></label>
      <${Choice} name="pause" label="pause" of=${choices.pause} value="5s" />
      <${Choice} name="interval" label="interval" of=${choices.interval}
        value="0" />
      <${Choice} name="retry" label="retry" of=${choices.retry} value="1s" />
      <label>capacity<input name="capacity" type="number" min="0" max="64"
        value="0" title="0: the usual one" /></label>
    `
  }
    <button class="main">Run</button>
    ${
    mode === "run" && html`
      <button type="button" onClick=${post("/another", {
        part: "producer",
      })}>+ producer</button>
      <button type="button" onClick=${post("/another", {
        part: "consumer",
      })}>+ consumer</button>
      <button type="button" onClick=${post("/remove")}>Remove</button>
      <label>race<select onChange=${(event) => {
        const lock = event.target.value;
        event.target.value = "";
        if (lock) actions.post("/race", { lock });
      }}><option value="">--lock=</option>${choices.lock.map((lock) =>
        html`<option>${lock}</option>`
      )}</select></label>
    `
  }
    <button type="button" onClick=${post("/end")}>End all</button>
    <${More} ui=${ui} actions=${actions} />
  </form>`;
}

function More({ ui, actions }) {
  return html`
    <label class="check"><input type="checkbox" checked=${ui.calls}
          onChange=${(event) => actions.set({ calls: event.target.checked })} />
          calls</label>
    <button type="button" onClick=${() => actions.replay()}>Replay</button>
    <a href="/recording.html" download="recording.html">Save HTML</a>
    <a href="/recording.jsonl" download="recording.jsonl">Save JSON</a>
  `;
}

/** Plays a recording: by buttons, by the slider, by keys. */
export function Player({ player, actions, canLeave }) {
  const { at, entries, speed, playing } = player;
  const time = entries.length === 0
    ? 0
    : Date.parse(entries[Math.max(0, at - 1)].time) -
      Date.parse(entries[0].time);
  return html`<div class="controls player" role="toolbar" aria-label="player">
    <button onClick=${() => actions.play(!playing)}>${
    playing ? "Pause" : "Play"
  }</button>
    <button onClick=${() => actions.goTo(at - 1)}>Back</button>
    <button onClick=${() => actions.goTo(at + 1)}>Forward</button>
    <input type="range" min="1" max=${entries.length} value=${at}
      aria-label="moment" onInput=${(event) =>
    actions.goTo(Number(event.target.value))} />
    <label>speed<select onChange=${(event) =>
    actions.setSpeed(Number(event.target.value))}>${
    [0.1, 0.25, 0.5, 1, 2, 5].map((each) =>
      html`<option value=${each} selected=${each === speed}>${each} ×</option>`
    )
  }</select></label>
    <output>${seconds(time)}, ${at} of ${entries.length}</output>
    ${canLeave && html`<button onClick=${() => actions.live()}>Live</button>`}
    <small>keys: Space, ← and →</small></div>`;
}
