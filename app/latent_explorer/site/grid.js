// Rows of pictures, by the app's own grid.

import { mount } from "./mount.js";
import { packed } from "./packing.js";

/**
 * A grid as the component is given it.
 * @param {{rows: string[], columns?: string[], notes?: string[] | null, title: string, marks?: [number, number][], faded?: number[]}} words
 * @param {number[]} shape [n, H, W, channels] of all cells, row after row
 * @param {ArrayLike<number>} pixels
 */
export function gridData(
  { rows, columns = [], notes = null, title, marks = [], faded = [] },
  [n, H, W, channels],
  pixels,
) {
  const shape = [rows.length, n / rows.length, H, W, channels];
  const bytes = pixels instanceof Uint8Array ? pixels : Uint8Array.from(pixels);
  return packed(
    { shape, rows, columns, notes, faded, marks, scale: null, title, clickable: false, headed: true },
    bytes,
  );
}

/**
 * @param {HTMLElement} place
 * @param {Uint8Array} data
 */
export const grid = (place, data) => mount(place, "image_grid", data, () => {});

/**
 * Several answers as one, below each other or row by row beside each other.
 * @param {{shape: number[], pixels: ArrayLike<number>}[]} answers
 * @param {number} rows in which they stand beside each other; 1 puts one after the other
 */
export function joined(answers, rows = 1) {
  const [, H, W, channels] = answers[0].shape;
  const size = H * W * channels;
  const pixels = new Uint8Array(answers.reduce((sum, { pixels: part }) => sum + part.length, 0));
  let at = 0;
  for (let row = 0; row < rows; row++) {
    for (const { shape, pixels: part } of answers) {
      const width = (shape[0] / rows) * size;
      pixels.set(Array.prototype.slice.call(part, row * width, (row + 1) * width), at);
      at += width;
    }
  }
  return { shape: [pixels.length / size, H, W, channels], pixels };
}
