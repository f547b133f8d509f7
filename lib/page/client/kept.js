/**
 * Which entries of a long run are kept: the server and the browser ask here.
 */

/** How many entries of a run are kept. */
export const MOST_ENTRIES = 20_000;
/** How many more may come before the oldest go: that looks at all of them. */
const MORE = 1000;

/** What says which processes there are, and what became of them, stays. */
const LASTING = new Set(["recording", "process", "end", "signal"]);

/**
 * Of too many entries, the oldest lines and looks go, and the first entry says
 * how many.
 *
 * @template {{ event?: string, pid?: unknown }} T
 * @param {T[]} entries The first is the head of a recording.
 * @returns {T[]} The same array, if they are not too many.
 */
export function kept(entries, most = MOST_ENTRIES) {
  if (entries.length <= most + MORE) return entries;
  // What was seen last holds until the next look that differs.
  const seen = entries.findLast(({ event }) => event === "seen");
  const lines = without(
    entries,
    entries.length - most,
    (entry) => !LASTING.has(entry.event) && entry !== seen,
  );
  // A program may start process after process: of those that have ended, the
  // oldest go.
  const ended = new Set(
    lines.filter(({ event }) => event === "end").map(({ pid }) => pid),
  );
  const [head, ...rest] = without(
    lines,
    lines.length - most,
    ({ pid }) => ended.has(pid),
  );
  const gone = entries.length - 1 - rest.length;
  return [{ ...head, leftOut: (head.leftOut ?? 0) + gone }, ...rest];
}

/** Leaves out the first `count` of those that may go. */
function without(entries, count, mayGo) {
  return entries.filter((entry) => count <= 0 || !mayGo(entry) || count-- <= 0);
}
