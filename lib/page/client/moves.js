/**
 * Values that move: out of the card of who writes, into the object, where they
 * lie, and out of it to who reads.
 */

/** How long (ms) each of the two ways takes. */
const WAY_MS = 350;
/** How many values move at once: of a fast run, some are seen. */
const MOST_MOVING = 6;

let last = { model: undefined, moved: 0 };
/** The way that a value is on, by its key: it arrives before it leaves. */
const ways = new Map();

/** Shows what has moved since the last time; the model is drawn already. */
export function showMoves(model) {
  const isNext = last.model === model && model.moved > last.moved;
  const steps = isNext
    ? model.moves.filter(({ number }) => number > last.moved)
    : []; // another run, or a step back: nothing moves
  last = { model, moved: model.moved };
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const step of steps.slice(-2 * MOST_MOVING)) {
    const before = ways.get(step.key);
    if (!before && ways.size >= MOST_MOVING) continue;
    const way = Promise.resolve(before).then(() => move(step));
    ways.set(step.key, way);
    way.then(() => ways.get(step.key) === way && ways.delete(step.key));
  }
}

async function move({ kind, key, value, id }) {
  const card = document.querySelector(`[data-id="${id}"] .why`);
  const object = document.querySelector(".object .holds");
  if (!card || !object) return;
  const lying = document.querySelector(`[data-key="${key}"]`);
  const places = [centreOf(card), centreOf(lying ?? object)];
  if (kind === "out") places.reverse();
  const chip = document.createElement("span");
  Object.assign(chip, { className: "value moving", textContent: value });
  document.body.append(chip);
  lying?.classList.add("coming"); // until then, it is the one that moves
  const [from, to] = places.map(([x, y]) => `translate(${x}px, ${y}px)`);
  const way = chip.animate([{ transform: from }, { transform: to }], {
    duration: WAY_MS,
    easing: "ease-in-out",
  });
  await way.finished;
  chip.remove();
  lying?.classList.remove("coming");
}

function centreOf(element) {
  const { left, top, width, height } = element.getBoundingClientRect();
  return [left + width / 2 - 14, top + height / 2 - 14];
}
