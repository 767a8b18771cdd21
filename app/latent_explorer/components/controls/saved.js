// The decoded image with words below it, as it is saved.

import { themed } from "../shared/elements.js";
import { fitting } from "../shared/pixels.js";
import { svgDocument, svgText } from "../shared/saving.js";

const [SIDE, MARGIN, LINE] = [280, 12, 18]; // CSS pixels

/**
 * SVG text of the picture under its title, and lines of words below it.
 * @param {HTMLElement} root whose font and colours it takes
 * @param {HTMLCanvasElement} canvas
 * @param {string} title
 * @param {readonly string[]} words
 */
export function savedPicture(root, canvas, title, words) {
  const font = getComputedStyle(root).fontFamily;
  const ink = themed(root, "text-color", "#222");
  /** @type {(text: string, y: number, look?: Record<string, string | number>) => string} */
  const line = (text, y, look = {}) =>
    svgText(text, { x: MARGIN, y, "font-family": font, "font-size": 13, fill: ink, ...look });
  const { width, height } = fitting(canvas, SIDE);
  const box = `x="${MARGIN}" y="34" width="${width}" height="${height}" preserveAspectRatio="none" style="image-rendering:pixelated"`;
  const parts = [
    line(title, 22, { "font-weight": 600 }),
    `<image ${box} href="${canvas.toDataURL()}"/>`,
    ...words.map((text, i) => line(text, height + 54 + LINE * i)),
  ];
  const ground = themed(root, "background-color", "#fff");
  return svgDocument(SIDE + 2 * MARGIN, height + 48 + LINE * words.length, ground, parts.join(""));
}
