// Rows of small pictures on one canvas.

import { contextOf, resize } from "../shared/elements.js";
import { wordAt } from "../shared/pixels.js";

const GAP = 1; // of the picture's own pixels

/**
 * Put rows of pictures under each other, the pictures of a row beside each other.
 * @param {HTMLCanvasElement} canvas
 * @param {ArrayLike<number>[]} rows of bytes [n, H, W, C]
 * @param {number[]} picture height, width, channels
 */
export function putSheet(canvas, rows, [height, width, channels]) {
  const each = height * width * channels;
  const counts = rows.map((values) => Math.floor(values.length / each));
  const across = Math.max(0, ...counts);
  if (!across) return;
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
