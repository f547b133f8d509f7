/**
 * The values on their way from a write to a read, as the log tells.
 */

/** How many arrows are drawn. */
const MOST_ARROWS = 400;
/** How many moves are kept, until they are drawn. */
const MOST_MOVES = 40;
/** A read whose write is not told yet may wait for it so long (ms). */
const LATE_MS = 2000;

/** A writer that must try again still has its last value in its hand. */
export function hold(model, id, held) {
  const last = model.transit.findLast((each) => each.id === id);
  if (last) last.held = held;
}

/** A value was written: it goes into the object. */
export function leave(model, written) {
  const { value, id, time, key } = written;
  move(model, { kind: "in", key, value, id });
  model.early = model.early.filter((read) => read.time > time - LATE_MS);
  const at = model.early.findIndex((read) => read.value === value);
  if (at < 0) model.transit.push(written);
  else arrived(model, written, model.early.splice(at, 1)[0]);
}

/** A value was read: it leaves the object, and has made its way. */
export function arrive(model, value, id, time) {
  const at = model.transit.findIndex((each) => each.value === value);
  // Two processes have two logs, so the read may be told before the write.
  if (at < 0) {
    model.early.push({ value, id, time });
    return;
  }
  const [taken] = model.transit.splice(at, 1);
  arrived(model, taken, { id, time });
  if (at > 0) lose(model, taken);
}

/**
 * The order is kept: of the same writer and priority, what was written before a
 * value that was read comes no more. An ended consumer had taken it, or the
 * kernel dropped it with the last reader. Another consumer may still have it.
 */
function lose(model, { id, key, priority }) {
  const { alive, ended } = consumers(model);
  const writer = model.processes.find((process) => process.id === id);
  const ordered = model.channels.length > 0 && writer.part === "producer";
  if (!ordered || alive > 1 || ended === 0) return;
  keep(
    model,
    (each) => each.id !== id || each.priority !== priority || each.key > key,
  );
}

/** The kernel has nothing, and no consumer lives that could have taken it. */
export function loseAll(model) {
  const { alive, ended } = consumers(model);
  if (alive === 0 && ended > 0) keep(model, ({ held }) => held);
}

function keep(model, isKept) {
  const kept = model.transit.filter(isKept);
  model.lost += model.transit.length - kept.length;
  model.transit = kept;
}

function consumers({ processes }) {
  const all = processes.filter(({ part }) => part === "consumer");
  const alive = all.filter(({ how }) => how === undefined).length;
  return { alive, ended: all.length - alive };
}

function arrived(model, { value, key, id: from, time: since }, { id, time }) {
  move(model, { kind: "out", key, value, id });
  model.arrows.push({ from, since, to: id, time, value });
  if (model.arrows.length > MOST_ARROWS) model.arrows.shift();
}

function move(model, step) {
  model.moves.push({ ...step, number: ++model.moved });
  if (model.moves.length > MOST_MOVES) model.moves.shift();
}
