/**
 * The swim lanes: what each process did over time, and each value's way.
 */
import { h } from "preact";
import htm from "htm";
import { seconds } from "page/model";

const html = htm.bind(h);
const LANE = 46;
const WIDTH = 1000;
const LEFT = 120;

/** Swim lanes: what each process did, and each value on its way. */
export function Lanes({ model: { start, now, arrows }, processes, ui }) {
  if (processes.length === 0) return "";
  const to = now;
  const from = Math.max(start, to - ui.windowMs);
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
      <text x="0" y=${y(process.id) + 18}>${process.logger}</text>
      <text class="small" x="0" y=${
            y(process.id) + 34
          }>Pid ${process.pid}</text>
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
            process.marks.filter((mark) =>
              inside(mark) && (ui.calls || mark.kind !== "call")
            ).map(({ time, kind, text }) =>
              html`
                <text class="mark ${kind}" x=${x(time)}
                  y=${y(process.id) +
                    (BELOW[kind] ?? 25)}>${MARKS[
                      kind
                    ]}<title>${`${kind} ${text}`}</title></text>
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
          from - start,
        )}</text>
        <text x=${WIDTH} y=${LANE * processes.length +
          20} text-anchor="end">${seconds(to - start)}</text></svg>
      <p class="key">
          <span><i class="swatch running"></i> running</span>
          <span><i class="swatch asleep"></i> asleep</span>
          <span><i class="swatch blocked"></i> waits in a call</span>
          <span><i class="swatch stopped"></i> stopped</span>
          <span>▲ writes</span><span>▼ reads</span><span>○ retries</span>
          <span>■ full</span><span>⚡ signal</span><span>✕ ended</span>
          ${ui.calls && html`<span>| call</span>`}</p>
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
  call: "|",
};

/** Marks that come together with others stand below the bar. */
const BELOW = { retry: 43, full: 43, call: 43 };

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
