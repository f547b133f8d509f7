/**
 * Where logarithmic axes have their ticks, and which of them have a label.
 *
 * @module
 */

/** Pixels of a digit of 14 pixels, in a font that is wide. */
const DIGIT = 9;

/** Pixels between two labels. */
const GAP = 12;

/** The digits times each power of ten, as far as they lie in the range. */
export function multiples(digits: number[], [low, high]: number[]): number[] {
  const first = Math.floor(Math.log10(low));
  const count = Math.ceil(Math.log10(high)) - first + 1;
  return Array.from({ length: count }, (_, i) => first + i)
    // Not digit * 10 ** power: that gives 0.30000000000000004.
    .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
    .filter((value) => low <= value && value <= high);
}

/** The range of values, widened to the next 1, 2 or 5 times a power of ten. */
export function roundedRange(values: number[]): [number, number] {
  if (values.length === 0) return [1, 10];
  const [min, max] = [Math.min(...values), Math.max(...values)];
  const round = multiples([1, 2, 5], [min / 10, max * 10]);
  return [
    round.findLast((value) => value < min) ?? min,
    round.find((value) => value > max) ?? max,
  ];
}

/**
 * The sizes whose labels overlap none before, each `DIGIT` wide.
 *
 * @param sizes In rising order.
 * @param range What the axis goes from and to.
 * @param width Pixels of the axis.
 */
export function labelled(
  sizes: number[],
  [low, high]: number[],
  width: number,
): number[] {
  const perFactor = width / Math.log(high / low);
  let last = 0;
  return sizes.filter((size) => {
    const free = perFactor * Math.log(size / last);
    if (free < GAP + DIGIT * String(size).length) return false;
    last = size;
    return true;
  });
}
