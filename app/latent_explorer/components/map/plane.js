// Maps whose places are codes: what a place says of a code, where each axis is a dimension of a block.

import { DECIMALS } from "../shared/protocol.js";

/**
 * @typedef {import("./panel.js").Plane} Plane
 * @typedef {import("./polygons.js").Point} Point
 */

/** @param {number} value */
const shortened = (value) => Number(value.toFixed(DECIMALS));

/**
 * The blocks that the axes are of.
 * @param {Plane | null} plane
 */
export function blocksOf(plane) {
  return plane ? [...new Set(plane.axes.map(([block]) => block))] : [];
}

/**
 * What a place says, by block and dimension.
 * @param {Plane} plane
 * @param {Point} at
 */
export function movedTo({ axes }, at) {
  /** @type {Record<string, Record<string, number>>} */
  const move = {};
  axes.forEach(([block, dimension], axis) => {
    move[block] = { ...move[block], [dimension]: shortened(at[axis]) };
  });
  return move;
}

/**
 * The codes of places of a plane that is whole: of each block a row at each place.
 * @param {Plane} plane
 * @param {{x: number, y: number}[]} places
 */
export function codesAt(plane, places) {
  const moves = places.map(({ x, y }) => movedTo(plane, [x, y]));
  return Object.fromEntries(
    blocksOf(plane).map((block) => [block, moves.map((move) => Object.values(move[block]))]),
  );
}
