/**
 * The page: it gets the entries from the server, or finds them in itself, and
 * draws what follows from them.
 */
import { h, render } from "preact";
import htm from "htm";
import { kept } from "page/kept";
import { apply, emptyModel, modelAfter } from "page/model";
import { Picture } from "page/draw";
import { Controls, More, Player } from "page/controls";
import { showMoves } from "page/moves";

const html = htm.bind(h);
/** The longest time (ms) without anything that a player shows. */
const LONGEST_MS = 5000;

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
    state.player ??= { entries: [...state.entries], at: 1, speed: 1 };
    moveTo(state.player, at);
    if (state.player.playing) playOn(state.player);
    draw();
  },
  /** Goes to the moment of a log line, or to the last one before it. */
  show(entry) {
    const { entries } = state.player ?? state;
    const at = entries.indexOf(entry);
    const { time: latest } = entry;
    actions.goTo(
      1 + (at >= 0 ? at : entries.findLastIndex(({ time }) => time <= latest)),
    );
  },
  setSpeed(speed) {
    const { player } = state;
    player.speed = speed;
    if (player.playing) playOn(player);
    draw();
  },
  play(on) {
    const { player } = state;
    if (!player) return;
    clearTimeout(player.timer);
    player.playing = on;
    if (on && player.at >= player.entries.length) moveTo(player, 1);
    if (on) playOn(player);
    draw();
  },
};

/** Forward is a step; back means from the beginning. */
function moveTo(player, at) {
  const { entries, model, at: before } = player;
  const next = Math.max(1, Math.min(entries.length, at));
  if (model && next >= before) {
    for (let i = before; i < next; i++) apply(model, entries[i]);
  } else player.model = modelAfter(entries, next);
  player.at = next;
}

/** Plays from the entry that is shown now. */
function playOn(player) {
  clearTimeout(player.timer);
  showDue(player, performance.now());
}

/**
 * Shows what is due, and waits for the next entry as long as the recording did.
 * One timer for all that is due: it takes a browser 4 ms to call the next one.
 *
 * @param before When the entry that is shown was due, as performance.now() says.
 */
function showDue(player, before) {
  const { entries, speed } = player;
  const now = performance.now();
  let { at } = player;
  let due = before;
  for (; at < entries.length; at++) {
    const ms = Date.parse(entries[at].time) - Date.parse(entries[at - 1].time);
    due = before + Math.min(LONGEST_MS, ms / speed);
    if (due > now) break;
    before = due;
  }
  moveTo(player, at);
  draw();
  if (at >= entries.length) return actions.play(false);
  player.timer = setTimeout(() => showDue(player, before), due - now);
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
        ? { show: actions.show }
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
      state.entries.push(entry);
      apply(state.model, entry);
    }
    state.entries = kept(state.entries);
    draw();
  };
}

/** What Space presses. */
const PRESSED = "button, summary, a";

document.addEventListener("keydown", (event) => {
  const { player } = state;
  const { key, target, altKey, ctrlKey, metaKey } = event;
  if (!player || altKey || ctrlKey || metaKey) return; // Alt and ←: back
  // Space presses a button that the keyboard has reached.
  if (key === " " && target.closest(PRESSED)) return;
  const keys = {
    " ": () => actions.play(!player.playing),
    ArrowLeft: () => actions.goTo(player.at - 1),
    ArrowRight: () => actions.goTo(player.at + 1),
  };
  if (!keys[key]) return;
  event.preventDefault(); // in the list of speeds, ↑ and ↓ choose
  keys[key]();
});

// What the mouse has pressed lets go of the keys: they are the player's.
document.addEventListener("click", ({ target, detail }) => {
  const byMouse = detail > 0;
  if (state.player && byMouse) target.closest(PRESSED)?.blur();
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
