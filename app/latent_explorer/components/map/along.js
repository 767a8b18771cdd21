// Where the items lie at every beta of a block: fetched once a handle of it is touched, and interpolated as the script does.

import { addressOf } from "../shared/base.js";
import { unpack } from "../shared/envelope.js";
import { between } from "../shared/knots.js";

/**
 * @typedef {import("./points.js").Points} Points
 * @typedef {import("./travel.js").Places} Places
 * @typedef {{betas: number[], cells: ArrayLike<number>[]}} Known the betas of the grid, and for each panel the places there, `[beta][axis][item]`
 */

const KEPT = 6; // answers: 10,000 items on two maps at five betas are 400 kB
const TIMEOUT_MS = 20_000;

/**
 * What a browser asks for.
 * @param {string} template as the script has it
 * @param {string} block whose beta moves
 * @param {Record<string, number>} betas of all
 * @param {readonly string[]} panels
 */
export function askedFor(template, block, betas, panels) {
  const others = Object.entries(betas).filter(([name]) => name !== block);
  const query = new URLSearchParams([
    ...panels.map((name) => ["panel", name]),
    ...others.map(([name, beta]) => [`beta_${name}`, String(beta)]),
  ]);
  return `${template.replace("{block}", encodeURIComponent(block))}&${query}`;
}

/**
 * The places of a panel's items at a beta.
 * @param {Known} known
 * @param {number} panel
 * @param {Points} points
 * @param {number} beta
 * @returns {Places}
 */
export function placesAt({ betas, cells }, panel, { count, x0, y0, stepX, stepY }, beta) {
  const { low, high, share } = between(betas, beta);
  const all = cells[panel];
  /** @type {(axis: number, origin: number, step: number) => Float64Array} */
  const places = (axis, origin, step) => {
    const found = new Float64Array(count);
    const [from, to] = [low, high].map((knot) => (2 * knot + axis) * count);
    for (let i = 0; i < count; i++)
      found[i] = origin + step * ((1 - share) * all[from + i] + share * all[to + i]);
    return found;
  };
  return { x: places(0, x0, stepX), y: places(1, y0, stepY) };
}

export class Along {
  /** @type {Map<string, Known | null>} by address; null while it is on its way, and where it did not come */
  #known = new Map();

  /** @param {() => void} onReady */
  constructor(onReady) {
    this.onReady = onReady;
  }

  /**
   * What is known; null where it is not there yet, or does not come. `onReady()` follows when it does.
   * @param {string} address
   * @returns {Known | null}
   */
  get(address) {
    const known = this.#known.get(address);
    if (known === undefined) this.#fetch(address);
    return known ?? null;
  }

  /** @param {string} address */
  async #fetch(address) {
    this.#known.set(address, null);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= KEPT) break;
      this.#known.delete(oldest);
    }
    try {
      const response = await fetch(addressOf(address), { signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!response.ok) return; // the map waits for the script, as without this
      /** @type {{header: {betas: number[]}, arrays: ArrayLike<number>[]}} */
      const { header, arrays } = /** @type {any} */ (unpack(new Uint8Array(await response.arrayBuffer())));
      this.#known.set(address, { betas: header.betas, cells: arrays });
      this.onReady();
    } catch {
      this.#known.delete(address); // the next touch tries again
    }
  }
}
