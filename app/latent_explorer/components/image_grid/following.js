// While a handle of beta moves, the cells of a grid are asked for at its betas.

import { pageDecoder } from "../shared/decoder.js";

/**
 * Cells, and the request that gives them at some betas: its answer's pictures go into so many columns, from a row and a column on.
 * @typedef {{request: Partial<import("../shared/decoder.js").Request>, row: number, column: number, columns: number}} Cells
 */

/**
 * What the script says of how a grid follows: the betas that it shows, what to ask for, nothing where nothing can be asked for, and whether
 * notes and marks are of these betas alone.
 * @typedef {{model: string, betas: import("../shared/betas.js").BetasOf, asks: Cells[], ofBetas: boolean}} FollowData
 */

/**
 * The number of a cell, row after row, that a picture of an answer goes into.
 * @param {Cells} cells
 * @param {number} k the picture's
 * @param {readonly number[]} shape of the grid
 */
export const cellOf = ({ row, column, columns }, k, [, C]) =>
  (row + Math.floor(k / columns)) * C + column + (k % columns);

/**
 * Put the pictures of an answer into those of a grid; false where they have another size.
 * @param {Uint8Array} pixels of the grid
 * @param {readonly number[]} shape
 * @param {Cells} cells
 * @param {import("../shared/pixels.js").Images} answer
 */
export function putCells(pixels, shape, cells, { shape: [n, ...size], pixels: given }) {
  const [R, C, ...own] = shape;
  if (size.join() !== own.join()) return false;
  const bytes = own.reduce((product, side) => product * side, 1);
  for (let k = 0; k < n; k++) {
    const cell = cellOf(cells, k, shape);
    if (cell >= R * C) return false;
    for (let i = 0, from = k * bytes, to = cell * bytes; i < bytes; i++) pixels[to + i] = given[from + i];
  }
  return true;
}

let made = 0;

export class Asking {
  #decoder = pageDecoder();
  #channel = `grid-${made++}`;
  #turn = 0;
  #asked = 0; // channels that were asked

  /** @param {(cells: Cells, answer: import("../shared/decoder.js").Decoded) => void} onCells */
  constructor(onCells) {
    this.onCells = onCells;
  }

  /**
   * @param {FollowData} follow
   * @param {import("../shared/betas.js").BetasOf} betas
   */
  ask({ model, asks }, betas) {
    const turn = this.#turn;
    this.#asked = Math.max(this.#asked, asks.length);
    asks.forEach((cells, number) => {
      const request = { model, ...cells.request, betas };
      this.#decoder.ask(`${this.#channel}-${number}`, request, (answer) => {
        if (turn === this.#turn && !("error" in answer)) this.onCells(cells, answer);
      });
    });
  }

  /** What was asked for is not wanted any more. */
  stop() {
    this.#turn++;
    for (let number = 0; number < this.#asked; number++) this.#decoder.withdraw(`${this.#channel}-${number}`);
  }
}
