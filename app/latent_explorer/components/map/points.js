// Where the items are: an index of the points of a panel for finding those near a place or in view.

import { LEVELS } from "../shared/protocol.js";

/**
 * @typedef {import("./polygons.js").Point} Point
 * @typedef {[number, number]} Near an item and its distance
 * @typedef {[number, number]} Weighted an item and its weight
 * @typedef {(item: number) => boolean | number} IsShown
 * @typedef {{left: number, right: number, bottom: number, top: number}} Box
 * @typedef {{header: {map: string, digest: string, grids: [number, number, number, number][], priors: import("./view.js").Shape[][]}, arrays: ArrayLike<number>[]}} Envelope
 */

const BUCKET_SHIFT = 9; // 65,536 levels >> 9 = 128 buckets per axis for finding the nearest point
const BUCKETS = (LEVELS + 1) >> BUCKET_SHIFT;
export const BLENDED = 8; // items that a place between them is a mean of

/** The coordinates of all items in one panel, with an index for finding those near a place. */
export class Points {
  /** @type {Uint32Array} the items by bucket: from `#start[b]` to `#start[b + 1]` those of bucket b */
  order;
  /** @type {Uint32Array} */
  #start;
  /** @type {{xs: Uint16Array, ys: Uint16Array}} cells in the order of `order`, which lie beside each other in memory as on the map */
  sorted;

  /**
   * @param {[number, number, number, number]} grid
   * @param {ArrayLike<number>} cellsX
   * @param {ArrayLike<number>} cellsY
   */
  constructor([x0, y0, stepX, stepY], cellsX, cellsY) {
    this.x0 = x0;
    this.y0 = y0;
    this.stepX = stepX;
    this.stepY = stepY;
    this.count = cellsX.length;
    // Double precision, because Python decides with the same doubles which points are inside a lasso.
    this.x = Float64Array.from(cellsX, (cell) => x0 + cell * stepX);
    this.y = Float64Array.from(cellsY, (cell) => y0 + cell * stepY);
    [this.order, this.#start] = indexed(cellsX, cellsY);
    const { order } = this;
    this.sorted = {
      xs: new Uint16Array(this.count).map((_, k) => cellsX[order[k]]),
      ys: new Uint16Array(this.count).map((_, k) => cellsY[order[k]]),
    };
  }

  /**
   * Whether both are places of the same items in the same frame, so that one can turn into the other.
   * @param {Points | null} other
   */
  sharesFrame(other) {
    const keys = /** @type {const} */ (["count", "x0", "y0", "stepX", "stepY"]);
    return keys.every((key) => this[key] === other?.[key]);
  }

  /** @returns {Box} */
  get bounds() {
    const { x0, y0 } = this;
    return { left: x0, right: x0 + LEVELS * this.stepX, bottom: y0, top: y0 + LEVELS * this.stepY };
  }

  /** The longer side of the map, in its own units. */
  get extent() {
    return LEVELS * Math.max(this.stepX, this.stepY);
  }

  /**
   * Spans `[from, to)` of `order` that hold every item of a rectangle, and some just outside: one a row of buckets.
   * @param {Box} box
   * @returns {[number, number][]}
   */
  spans({ left, right, bottom, top }) {
    /** @type {(at: number, origin: number, step: number) => number} */
    const bucket = (at, origin, step) =>
      Math.max(0, Math.min(BUCKETS - 1, Math.floor((at - origin) / step / (1 << BUCKET_SHIFT))));
    const [first, last] = [bucket(left, this.x0, this.stepX), bucket(right, this.x0, this.stepX)];
    /** @type {[number, number][]} */
    const found = [];
    for (let row = bucket(bottom, this.y0, this.stepY); row <= bucket(top, this.y0, this.stepY); row++) {
      found.push([this.#start[row * BUCKETS + first], this.#start[row * BUCKETS + last + 1]]);
    }
    return found;
  }

  /**
   * Call `visit(box, from, to)` for each bucket that a rectangle touches: where it lies, and the span of `order` that is in it.
   * @param {Box} box
   * @param {(box: Box, from: number, to: number) => void} visit
   */
  buckets({ left, right, bottom, top }, visit) {
    const [wide, high] = [this.stepX * (1 << BUCKET_SHIFT), this.stepY * (1 << BUCKET_SHIFT)];
    /** @type {(at: number) => number} */
    const within = (at) => Math.max(0, Math.min(BUCKETS - 1, Math.floor(at)));
    const [first, last] = [within((left - this.x0) / wide), within((right - this.x0) / wide)];
    for (let row = within((bottom - this.y0) / high); row <= within((top - this.y0) / high); row++) {
      for (let column = first; column <= last; column++) {
        const [from, to] = [this.#start[row * BUCKETS + column], this.#start[row * BUCKETS + column + 1]];
        if (from === to) continue;
        const [x, y] = [this.x0 + column * wide, this.y0 + row * high];
        visit({ left: x, right: x + wide, bottom: y, top: y + high }, from, to);
      }
    }
  }

  /**
   * Call `visit(item)` for every shown item of a rectangle, until it returns true.
   * @param {Box} box
   * @param {IsShown} isShown
   * @param {(item: number) => boolean | void} visit
   */
  visit(box, isShown, visit) {
    const { left, right, bottom, top } = box;
    for (const [from, to] of this.spans(box)) {
      for (let k = from; k < to; k++) {
        const i = this.order[k];
        const x = this.x[i];
        const y = this.y[i];
        if (x >= left && x <= right && y >= bottom && y <= top && isShown(i) && visit(i)) return;
      }
    }
  }

  /**
   * Call `visit(item, distance)` for every shown item within `radius` of (x, y).
   * @param {number} x
   * @param {number} y
   * @param {number} radius
   * @param {IsShown} isShown
   * @param {(item: number, distance: number) => void} visit
   */
  #near(x, y, radius, isShown, visit) {
    const box = { left: x - radius, right: x + radius, bottom: y - radius, top: y + radius };
    this.visit(box, isShown, (item) => {
      const distance = Math.hypot(this.x[item] - x, this.y[item] - y);
      if (distance <= radius) visit(item, distance);
    });
  }

  /**
   * The `count` shown items nearest to (x, y), nearest first.
   * @param {number} x
   * @param {number} y
   * @param {number} count
   * @param {IsShown} isShown
   * @returns {Near[]}
   */
  nearest(x, y, count, isShown) {
    const whole = 3 * this.extent; // so far from the map nobody points at an item
    for (let radius = this.extent / (4 * BUCKETS); ; radius *= 2) {
      /** @type {Near[]} */
      const found = [];
      this.#near(x, y, radius, isShown, (item, distance) => found.push([item, distance]));
      if (found.length >= count || radius > whole) return found.sort((a, b) => a[1] - b[1]).slice(0, count);
    }
  }

  /**
   * The shown item nearest to (x, y) within `radius`, or -1.
   * @param {number} x
   * @param {number} y
   * @param {number} radius
   * @param {IsShown} isShown
   */
  at(x, y, radius, isShown) {
    let best = -1;
    let least = Infinity;
    this.#near(x, y, radius, isShown, (item, distance) => {
      if (distance < least) [best, least] = [item, distance];
    });
    return best;
  }

  /**
   * The shown items of a rectangle in increasing order, or null where they are more than `most`.
   * @param {Box} box
   * @param {number} most
   * @param {IsShown} isShown
   */
  inView(box, most, isShown) {
    /** @type {number[]} */
    const found = [];
    this.visit(box, isShown, (item) => found.push(item) > most);
    return found.length > most ? null : found.sort((a, b) => a - b);
  }

  /**
   * The next item from `item`, which stands at `[x, y]`, in a direction `[dx, dy]`: the nearest of those within 45 degrees
   * of it, or -1.
   * @param {Point} place
   * @param {number} item
   * @param {Point} direction
   * @param {IsShown} isShown
   */
  next([x, y], item, [dx, dy], isShown) {
    /** @type {IsShown} */
    const ahead = (i) => {
      const along = (this.x[i] - x) * dx + (this.y[i] - y) * dy;
      const across = Math.abs((this.x[i] - x) * dy - (this.y[i] - y) * dx);
      return i !== item && isShown(i) && along > 0 && across <= along;
    };
    return this.nearest(x, y, 1, ahead)[0]?.[0] ?? -1;
  }
}

/**
 * The items sorted by bucket (a counting sort), and where each bucket starts among them.
 * @param {ArrayLike<number>} cellsX
 * @param {ArrayLike<number>} cellsY
 * @returns {[Uint32Array, Uint32Array]}
 */
function indexed(cellsX, cellsY) {
  const count = cellsX.length;
  /** @type {(i: number) => number} */
  const bucket = (i) => (cellsY[i] >> BUCKET_SHIFT) * BUCKETS + (cellsX[i] >> BUCKET_SHIFT);
  const start = new Uint32Array(BUCKETS * BUCKETS + 1);
  for (let i = 0; i < count; i++) start[bucket(i) + 1]++;
  for (let b = 0; b < BUCKETS * BUCKETS; b++) start[b + 1] += start[b];
  const next = start.slice();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[next[bucket(i)]++] = i;
  return [order, start];
}

/**
 * Weights of the items round a place, which add up to 1 and change continuously with it.
 *
 * `found` is nearest first, one more than take part: Shepard's inverse distances in the form of
 * Franke and Nielson (1980), ((R - d) / (R d))^2, with R the distance of the one left out, so that an item enters and
 * leaves with weight 0. Distances count from the rim of the dots: on a dot it is the item and nothing else.
 *
 * @param {Near[]} found
 * @param {number} rim
 * @returns {Weighted[]}
 */
export function blend(found, rim) {
  const gaps = found.map(([item, distance]) => /** @type {Near} */ ([item, Math.max(0, distance - rim)]));
  const reach = gaps[gaps.length - 1][1];
  if (gaps[0][1] <= 0 || reach <= gaps[0][1]) return [[gaps[0][0], 1]];
  const raw = gaps
    .slice(0, -1)
    .map(([item, gap]) => /** @type {Weighted} */ ([item, ((reach - gap) / (reach * gap)) ** 2]));
  const total = raw.reduce((sum, [, weight]) => sum + weight, 0);
  return raw.map(([item, weight]) => [item, weight / total]);
}

/**
 * Weights with four decimals, which no picture shows.
 * @param {Weighted[]} weights
 * @returns {Weighted[]}
 */
export const shortened = (weights) => weights.map(([item, weight]) => [item, Math.round(weight * 1e4) / 1e4]);

/** What the points message holds: the class of every item, and its place in every panel, with the shapes of the prior. */
export class Dataset {
  /** @param {Envelope} envelope */
  constructor({ header, arrays: [classes, ...columns] }) {
    this.digest = header.digest;
    this.classes = classes;
    this.priors = header.priors;
    this.panels = header.grids.map((grid, p) => new Points(grid, columns[2 * p], columns[2 * p + 1]));
  }
}
