// The encodings of a model's items: kept small, and interpolated between the points of a grid of betas.

/**
 * Encodings at one point of the grid: of each latent a row of numbers for each item, exact halves or 256 levels between two ends.
 * @typedef {{width: number, values: ArrayLike<number>, low: number[] | null, step: number[] | null}} Encoded
 */

/**
 * The points of a grid round these betas with their shares, which add up to 1; betas beyond the ends count as the ends.
 * @param {Record<string, number[]>} grid the beta of each block at each point
 * @param {Record<string, number>} betas
 * @returns {[number, number][]}
 */
export function corners(grid, betas) {
  /** @type {{at: Record<string, number>, share: number}[]} */
  let near = [{ at: {}, share: 1 }];
  for (const [block, values] of Object.entries(grid)) {
    const known = [...new Set(values)].sort((a, b) => a - b);
    near = near.flatMap(({ at, share }) =>
      between(known, betas[block]).map(([value, part]) => ({
        at: { ...at, [block]: value },
        share: share * part,
      })),
    );
  }
  return near.map(({ at, share }) => {
    const blocks = Object.keys(at);
    const places = blocks.length ? grid[blocks[0]].map((_, place) => place) : [0];
    const place = places.find((each) => blocks.every((block) => grid[block][each] === at[block])) ?? 0;
    return [place, share];
  });
}

/**
 * The one or two betas of a grid round a beta, with their shares; a hundredth of the way is no way.
 * @param {readonly number[]} known increasing
 * @param {number} beta
 * @returns {[number, number][]}
 */
function between(known, beta) {
  const within = Math.max(known[0], Math.min(known[known.length - 1], beta));
  const above = Math.max(
    1,
    known.findIndex((value) => value >= within),
  );
  if (known.length === 1) return [[known[0], 1]];
  const [low, high] = [known[above - 1], known[above]];
  const share = Math.log(within / low) / Math.log(high / low);
  if (share < 0.01) return [[low, 1]];
  if (share > 0.99) return [[high, 1]];
  return [
    [low, 1 - share],
    [high, share],
  ];
}

/**
 * A number in half precision (IEEE 754), from its 16 bits.
 * @param {number} bits
 */
export function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const power = (bits >> 10) & 31;
  const rest = bits & 1023;
  if (power === 31) return rest ? NaN : sign * Infinity;
  return sign * (power ? 2 ** (power - 15) * (1 + rest / 1024) : (2 ** -14 * rest) / 1024);
}

/**
 * Add an item's encoding, times a weight, to a code.
 * @param {Encoded} encoded
 * @param {number} item
 * @param {number} weight
 * @param {Float32Array} code
 */
export function addItem({ width, values, low, step }, item, weight, code) {
  for (let d = 0, at = item * width; d < width; d++, at++) {
    code[d] += weight * (low && step ? Math.fround(values[at] * step[d] + low[d]) : values[at]);
  }
}
