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
      priorities: text("priorities"),
      ...{ count: Number(text("count")), capacity: Number(text("capacity")) },
      calls: ui.calls,
    });
  };
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
      <${Choice} name="priorities" label="priorities"
        of=${choices.priorities} value="0" />
      <label>capacity<input name="capacity" type="number" min="0" max="64"
        value="0" title="0: the usual one" /></label>
    `
  }
    <button class="main">Run</button>
    ${
    mode === "run" && html`
      <label>race<select onChange=${(event) => {
        const lock = event.target.value;
        event.target.value = "";
        if (lock) actions.post("/race", { lock });
      }}><option value="">--lock=</option>${choices.lock.map((lock) =>
        html`<option>${lock}</option>`
      )}</select></label>
    `
  }
  </form>`;
}

/** What can be done with a run: it stands in the page's first line. */
export function More({ mode, ui, actions }) {
  const post = (path) => () => actions.post(path, {});
  return html`<div class="more">
    <button onClick=${post("/end")}>End all</button>
    ${
    mode === "run" && html`
      <button onClick=${post("/remove")}
        title="removes what killed processes have left">Remove</button>
      <label class="check"><input type="checkbox" checked=${ui.calls}
            onChange=${(event) =>
              actions.set({ calls: event.target.checked })} />
            calls</label>
    `
  }
    <button onClick=${() => actions.replay()}>Replay</button>
    <a href="/recording.html" download="recording.html">Save HTML</a>
    <a href="/recording.jsonl" download="recording.jsonl">Save JSON</a>
  </div>`;
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
    <button onClick=${() => actions.goTo(player.at - 1)}>Back</button>
    <button onClick=${() => actions.goTo(player.at + 1)}>Forward</button>
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
