// Items on their way to new places, when a slider of the sidebar has moved them.

import { oncePerFrame } from "../shared/elements.js";

/**
 * @typedef {import("./points.js").Points} Points
 * @typedef {{x: ArrayLike<number>, y: ArrayLike<number>}} Places
 */

const TRAVEL_MS = 350; // how long items take to their new places

export class Travel {
  /** @type {Places} where the items are drawn */
  shown;
  /** @type {Points} */
  #points;
  /** @type {{cancel: () => void} | null} */
  #step = null;

  /**
   * @param {Points} points
   * @param {(travels: boolean) => void} onStep what draws them, told whether they are still under way
   */
  constructor(points, onStep) {
    this.#points = points;
    this.shown = { x: points.x, y: points.y };
    this.onStep = onStep;
  }

  get travels() {
    return this.shown.x !== this.#points.x;
  }

  /**
   * Be drawn at places that are none of the points', while a handle moves.
   * @param {Places} places
   */
  at(places) {
    this.#step?.cancel();
    this.shown = places;
  }

  /**
   * Stand at these places at once.
   * @param {Points} points
   */
  stand(points) {
    this.#step?.cancel();
    this.#points = points;
    this.shown = { x: points.x, y: points.y };
  }

  /**
   * Move every item from where it is shown to its new place.
   * @param {Points} points
   */
  to(points) {
    this.#points = points;
    const from = this.shown;
    const start = performance.now();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = oncePerFrame(() => {
      const time = still ? 1 : Math.min(1, (performance.now() - start) / TRAVEL_MS);
      const share = time * time * (3 - 2 * time);
      /** @type {(a: ArrayLike<number>, b: Float64Array) => Float64Array} */
      const between = (a, b) => b.map((value, i) => a[i] + (value - a[i]) * share);
      this.shown =
        time < 1
          ? { x: between(from.x, points.x), y: between(from.y, points.y) }
          : { x: points.x, y: points.y };
      this.onStep(time < 1);
      if (time < 1) step();
    });
    this.#step?.cancel();
    this.#step = step;
    step();
  }

  cancel() {
    this.#step?.cancel();
  }
}
