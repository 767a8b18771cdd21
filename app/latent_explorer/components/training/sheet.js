// Rows of small pictures on one canvas.

import { contextOf, resize } from "../shared/elements.js";
import { wordAt } from "../shared/pixels.js";

/** @typedef {{values: ArrayLike<number>, shape: number[]}} Pictures uint8 of the shape [..., C, H, W] */

const GAP = 1; // of the picture's own pixels

/**
 * Put rows of pictures under each other: each row one field, its pictures beside each other.
 * @param {HTMLCanvasElement} canvas
 * @param {Pictures[]} rows of pictures of one size
 */
export function putSheet(canvas, rows) {
  const [channels, height, width] = (rows[0]?.shape ?? []).slice(-3);
  if (!width) return;
  const each = channels * height * width;
  const counts = rows.map(({ values }) => Math.floor(values.length / each));
  const across = Math.max(...counts);
  if (!across) return;
  resize(canvas, across * (width + GAP) - GAP, rows.length * (height + GAP) - GAP);
  const context = contextOf(canvas);
  const image = context.createImageData(canvas.width, canvas.height);
  const words = new Uint32Array(image.data.buffer);
  rows.forEach(({ values }, row) => {
    for (let number = 0; number < counts[row]; number++) {
      const corner = row * (height + GAP) * canvas.width + number * (width + GAP);
      put(words, corner, canvas.width, values, number * each, [channels, height, width]);
    }
  });
  context.putImageData(image, 0, 0);
}

/**
 * @param {Uint32Array} words of the canvas
 * @param {number} corner where the picture begins
 * @param {number} line words of a line
 * @param {ArrayLike<number>} values
 * @param {number} start
 * @param {number[]} shape
 */
function put(words, corner, line, values, start, [channels, height, width]) {
  const plane = height * width;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = start + y * width + x;
      const colour =
        channels < 3
          ? [values[at], values[at], values[at]]
          : [values[at], values[at + plane], values[at + 2 * plane]];
      words[corner + y * line + x] = wordAt(colour, 0, 3);
    }
  }
}
