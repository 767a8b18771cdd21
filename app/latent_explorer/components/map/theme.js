// The colours of a map, as CSS and as pixels.

import { offscreen, themed } from "../shared/elements.js";

const FADE = 0.84; // how far points outside the selection move towards the background

/** @typedef {[number, number, number]} Colour red, green and blue, from 0 to 255 */

/**
 * @typedef {object} Theme
 * @property {string} paper the background
 * @property {Colour} background the same
 * @property {string} text
 * @property {string} primary
 * @property {string} font
 * @property {string[]} css the colour of each class
 * @property {Colour[]} classes the same
 * @property {Colour[]} pale the same outside a selection
 * @property {number[]} solid `classes` as pixels
 * @property {number[]} faded `pale` as pixels
 */

/** @type {OffscreenCanvasRenderingContext2D | undefined} */
let reader;

/**
 * Read any CSS colour.
 * @param {string} colour
 * @returns {Colour}
 */
function rgb(colour) {
  reader ??= offscreen(1, 1, { willReadFrequently: true }).context;
  reader.fillStyle = colour;
  reader.fillRect(0, 0, 1, 1);
  const [red, green, blue] = reader.getImageData(0, 0, 1, 1).data;
  return [red, green, blue];
}

/**
 * A colour on the way from one to another.
 * @param {Colour} from
 * @param {Colour} to
 * @param {number} share
 */
export const mix = (from, to, share) =>
  /** @type {Colour} */ (from.map((value, i) => Math.round(value + (to[i] - value) * share)));

/**
 * A pixel as the 32-bit number that image memory holds on little-endian machines, i.e. everywhere.
 * @param {Colour} colour
 */
export const pixel = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

/**
 * The same, seen through: what is blended with it has its colour.
 * @param {Colour} colour
 */
export const clear = (colour) => (pixel(colour) & 0xffffff) >>> 0;

/**
 * The theme of the page at an element, and these colours of the classes.
 * @param {Element} node
 * @param {string[]} css
 * @returns {Theme}
 */
export function themeAt(node, css) {
  const paper = themed(node, "background-color", "#ffffff");
  const background = rgb(paper);
  const classes = css.map(rgb);
  const pale = classes.map((colour) => mix(colour, background, FADE));
  return {
    paper,
    background,
    text: themed(node, "text-color", "#222222"),
    primary: themed(node, "primary-color", "#ff4b4b"),
    font: themed(node, "font", "sans-serif"),
    css,
    classes,
    pale,
    solid: classes.map(pixel),
    faded: pale.map(pixel),
  };
}
