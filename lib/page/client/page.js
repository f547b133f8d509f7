/**
 * The page: it gets the entries from the server, or finds them in itself, and
 * draws what follows from them.
 */
import { h, render } from "preact";
import htm from "htm";
import { apply, emptyModel, modelAfter } from "page/model";
import { Picture } from "page/draw";
import { Controls, More, Player } from "page/controls";
import { showMoves } from "page/moves";

const html = htm.bind(h);
/** How many entries the page keeps. */
const MOST_ENTRIES = 20_000;

const saved = document.getElementById("recording");
const state = {
  setup: undefined, // of a live page
  entries: [],
  model: emptyModel(),
  player: undefined,
  ui: { calls: false, windowMs: 30_000 },
  error: "",
  lost: false,
};

const actions = {
  /** Can it start a producer or a consumer? */
  get startsParts() {
    return state.setup?.mode === "run";
  },
  get choices() {
    return state.setup.choices;
  },
  async post(path, body) {
    const headers = { "content-type": "application/json" };
    const text = JSON.stringify(body);
    const answer = await fetch(path, { method: "POST", headers, body: text });
    state.error = answer.ok ? "" : await answer.text();
    draw();
  },
  set(change) {
    Object.assign(state.ui, change);
    draw();
  },
  replay() {
    state.player = { entries: [...state.entries], at: 1, speed: 1 };
    actions.goTo(1);
    actions.play(true);
  },
  live() {
    actions.play(false);
    state.player = undefined;
    draw();
  },
  goTo(at) {
    const { entries } = state.player ??
      (state.player = { entries: [...state.entries], at: 1, speed: 1 });
    const next = Math.max(1, Math.min(entries.length, at));
    // Forward is a step; back means from the beginning.
    const { model, at: before } = state.player;
    if (model && next >= before) {
      for (let i = before; i < next; i++) apply(model, entries[i]);
    } else state.player.model = modelAfter(entries, next);
    state.player.at = next;
    draw();
  },
  setSpeed(speed) {
    state.player.speed = speed;
    draw();
  },
  play(on) {
    const { player } = state;
    if (!player) return;
    clearTimeout(player.timer);
    player.playing = on;
    if (on && player.at >= player.entries.length) actions.goTo(1);
    if (on) schedule(player);
    draw();
  },
};

/** Waits as long as the recording did until its next entry. */
function schedule(player) {
  const { entries, at, speed } = player;
  if (at >= entries.length) return actions.play(false);
  const ms = Date.parse(entries[at].time) - Date.parse(entries[at - 1].time);
  player.timer = setTimeout(() => {
    actions.goTo(player.at + 1);
    if (player.playing) schedule(player);
  }, Math.min(5000, ms / speed));
}

function App() {
  const { setup, player, ui, error, lost } = state;
  const live = setup !== undefined && setup.mode !== "play";
  const model = player?.model ?? state.model;
  return html`
    <header>
      <h1>ipc-lab</h1>
      <p class="title">${model.title}${player ? " (recorded)" : ""}</p>
      ${live && !player && html`
        <${More} mode=${setup.mode} ui=${ui}
          actions=${actions} />
      `}
    </header>
        ${player
          ? html`<${Player} player=${player} actions=${actions} canLeave=${live} />`
          : live
          ? html`<${Controls} setup=${setup} actions=${actions} ui=${ui} />`
          : ""}
        ${error && html`<p class="error" role="alert">${error}</p>`}
        ${lost && html`<p class="error" role="alert">The server has gone.</p>`}
        <${Picture} model=${model} ui=${player
          ? { ...ui, windowMs: Infinity }
          : ui}
      actions=${live && !player
        ? actions
        : player
        ? { goTo: actions.goTo }
        : undefined} />
  `;
}

/** How often (ms) the page is drawn at most. */
const DRAW_MS = 60;
let waiting = false;

function draw() {
  if (waiting) return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    render(h(App), document.getElementById("app"));
    showMoves(state.player?.model ?? state.model);
  }, DRAW_MS);
}

function listen() {
  const source = new EventSource("/events");
  source.onopen = () => {
    Object.assign(state, { entries: [], model: emptyModel(), lost: false });
    draw();
  };
  source.onerror = () => {
    state.lost = true;
    draw();
  };
  source.onmessage = ({ data }) => {
    for (const entry of JSON.parse(data)) {
      if (entry.event === "recording") state.entries = [];
      if (state.entries.length < MOST_ENTRIES) state.entries.push(entry);
      apply(state.model, entry);
    }
    draw();
  };
}

document.addEventListener("keydown", (event) => {
  const { player } = state;
  if (!player || /^(INPUT|SELECT|BUTTON)$/.test(event.target.tagName)) return;
  const keys = {
    " ": () => actions.play(!player.playing),
    ArrowLeft: () => actions.goTo(player.at - 1),
    ArrowRight: () => actions.goTo(player.at + 1),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});

if (saved) {
  const entries = JSON.parse(saved.textContent);
  state.player = { entries, at: 1, speed: 1 };
  actions.goTo(entries.length);
} else {
  state.setup = await (await fetch("/setup")).json();
  if (state.setup.mode === "play") {
    const text = await (await fetch("/recording.jsonl")).text();
    const lines = text.split("\n").filter((line) => line !== "");
    const entries = lines.map((line) => JSON.parse(line));
    state.player = { entries, at: 1, speed: 1 };
    actions.goTo(entries.length);
  } else listen();
}
draw();
