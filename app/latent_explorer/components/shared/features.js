// The name of the feature under the pointer, in the picture of a row of a table.

import { element } from "./elements.js";
import { Tooltip } from "./tooltip.js";

/**
 * How a row is drawn: bars from left to right, or the cells of a square, row after row.
 * @typedef {{names: string[], bars: boolean}} Features
 */

/**
 * Which feature lies at a place of the picture, in shares of its width and height; undefined where none does.
 * @param {number} x
 * @param {number} y
 * @param {Features} features
 * @returns {string | undefined}
 */
export function featureAt(x, y, { names, bars }) {
  if (x < 0 || y < 0 || x >= 1 || y >= 1) return undefined;
  const side = bars ? names.length : Math.ceil(Math.sqrt(names.length));
  const row = bars ? 0 : Math.floor(y * side);
  return names[row * side + Math.floor(x * side)];
}

const READ_MS = 4000; // a finger is lifted before one has read the name

/**
 * Name the feature under the pointer, of a mouse or a finger.
 * @param {Element} root what the pictures, canvases, stand in
 * @param {() => Features | null | undefined} features nothing where the pictures are no rows
 */
export function nameFeatures(root, features) {
  const said = element("span");
  const tooltip = new Tooltip(root, said);
  let later = 0;
  /** @param {Event} event */
  const tell = (event) => {
    const { target, clientX, clientY, pointerType } = /** @type {PointerEvent} */ (event);
    const known = target instanceof HTMLCanvasElement ? features() : null;
    if (!known) return tooltip.hide();
    const { left, top, width, height } = /** @type {Element} */ (target).getBoundingClientRect();
    const name = featureAt((clientX - left) / width, (clientY - top) / height, known);
    clearTimeout(later);
    if (!name) return tooltip.hide();
    said.textContent = name;
    tooltip.show(clientX, clientY);
    if (pointerType === "touch") later = window.setTimeout(() => tooltip.hide(), READ_MS);
  };
  root.addEventListener("pointermove", tell);
  root.addEventListener("pointerdown", tell);
  root.addEventListener("pointerleave", (event) => {
    if (/** @type {PointerEvent} */ (event).pointerType !== "touch") tooltip.hide();
  });
}
