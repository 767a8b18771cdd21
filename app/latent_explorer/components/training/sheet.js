// Rows of small pictures on one canvas.

import { contextOf, resize } from "../shared/elements.js";
import { wordAt } from "../shared/pixels.js";

const GAP = 1; // of the picture's own pixels

/**
 * How many pictures stand beside each other: all of them, and of wide ones, as those of a table, half.
 * @param {number} count
 * @param {number[]} picture height, width, channels
 */
export const acrossOf = (count, [height, width]) =>
  Math.max(1, width > 1.5 * height && count > 4 ? Math.ceil(count / 2) : count);

/**
 * Rows of pictures in rows of at most so many, those that belong together under each other.
 * @param {ArrayLike<number>[]} rows of bytes [n, H, W, C]
 * @param {number} each bytes of a picture
 * @param {number} across
 */
export function wrapped(rows, each, across) {
  const most = Math.max(0, ...rows.map((values) => Math.floor(values.length / each)));
  const begins = Array.from({ length: Math.ceil(most / across) }, (_, turn) => turn * across * each);
  return begins.flatMap((at) =>
    rows.map((values) => Array.prototype.slice.call(values, at, at + across * each)),
  );
}

/**
 * Put rows of pictures under each other, the pictures of a row beside each other.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>[]} rows of bytes [n, H, W, C]
 * @param {number[]} picture height, width, channels
 */
export function putSheet(canvas, rows, [height, width, channels]) {
  const each = height * width * channels;
  const most = Math.max(0, ...rows.map((values) => Math.floor(values.length / each)));
  if (!most) return;
  const across = acrossOf(most, [height, width]);
  if (across < most) rows = wrapped(rows, each, across);
  const counts = rows.map((values) => Math.floor(values.length / each));
  resize(canvas, across * (width + GAP) - GAP, rows.length * (height + GAP) - GAP);
  const context = contextOf(canvas);
  const image = context.createImageData(canvas.width, canvas.height);
  const words = new Uint32Array(image.data.buffer);
  rows.forEach((values, row) => {
    for (let number = 0; number < counts[row]; number++) {
      const corner = row * (height + GAP) * canvas.width + number * (width + GAP);
      for (let pixel = 0; pixel < height * width; pixel++) {
        const at = corner + Math.floor(pixel / width) * canvas.width + (pixel % width);
        words[at] = wordAt(values, number * each + pixel * channels, channels);
      }
    }
  });
  context.putImageData(image, 0, 0);
}
