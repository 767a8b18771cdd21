// What lies between the betas at which something is known: linear in the logarithm of beta, as on the server.

/** @typedef {{low: number, high: number, share: number}} Between the places of the two knots around, and how far the way is to the second */

const NEARLY = 0.01; // of the way between two knots: less is none

/**
 * Where a beta lies between the knots, which rise; beyond their ends counts as the end.
 * @param {readonly number[]} knots
 * @param {number} beta
 * @returns {Between}
 */
export function between(knots, beta) {
  const last = knots.length - 1;
  const above = knots.findIndex((knot) => knot >= beta);
  const high = above < 0 ? last : above;
  const low = Math.max(0, above < 0 ? last : above - 1);
  if (low === high) return { low, high, share: 0 };
  const share = Math.log(beta / knots[low]) / Math.log(knots[high] / knots[low]);
  if (share < NEARLY) return { low, high: low, share: 0 };
  return share > 1 - NEARLY ? { low: high, high, share: 0 } : { low, high, share };
}

/**
 * A number that is known at each knot.
 * @param {readonly number[]} values
 * @param {Between} place
 */
export const blended = (values, { low, high, share }) => (1 - share) * values[low] + share * values[high];

/**
 * How far a dimension is active: 1, 0, or 0.5 where the knots around differ.
 * @param {readonly number[][]} active at each knot, of each dimension
 * @param {Between} place
 */
export const awake = (active, { low, high }) =>
  active[low].map((lit, dimension) => (lit === active[high][dimension] ? lit : 0.5));

/**
 * The place of the position nearest to a beta.
 * @param {readonly number[]} positions
 * @param {number} beta
 */
export function nearest(positions, beta) {
  const far = positions.map((position) => Math.abs(Math.log(position / beta)));
  return far.indexOf(Math.min(...far));
}

/**
 * Round numbers from one end of an axis to the other, about so many.
 * @param {number} low
 * @param {number} high
 * @param {number} about
 */
export function ticks(low, high, about) {
  const rough = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= rough) ?? rough;
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high; at++)
    found.push(Number((at * step).toPrecision(6)));
  return found;
}
