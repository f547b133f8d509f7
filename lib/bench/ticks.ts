/**
 * The ticks of logarithmic axes, and which of them have a label.
 *
 * @module
 */

/** Width of a digit in pixels: 14 pixels of text in a wide font. */
const DIGIT_PX = 9;

/** Pixels between two labels. */
const GAP_PX = 12;

/** All products of a digit and a power of ten that lie in the range. */
export function multiples(digits: number[], [low, high]: number[]): number[] {
  const first = Math.floor(Math.log10(low));
  const count = Math.ceil(Math.log10(high)) - first + 1;
  return Array.from({ length: count }, (_, i) => first + i)
    // digit * 10 ** power would give 0.30000000000000004.
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
 * The sizes that get a label: those whose label does not overlap the last one.
 *
 * @param sizes In ascending order.
 * @param range The lowest and the highest value of the axis.
 * @param width The length of the axis in pixels.
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
    if (free < GAP_PX + DIGIT_PX * String(size).length) return false;
    last = size;
    return true;
  });
}
