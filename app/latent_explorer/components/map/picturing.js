// Pictures in place of dots.

import { paintDot, paintPicture } from "./painting.js";

/**
 * @typedef {import("./map.js").LatentMap} LatentMap
 * @typedef {import("./painting.js").Place} Place
 */

/**
 * Pictures of some items, and dots for the rest of those in view, which would overlap one.
 * @param {CanvasRenderingContext2D} context
 * @param {LatentMap} map
 * @param {readonly Place[]} pictured
 * @param {readonly Place[]} places of all in view
 * @param {{side: number, radius: number}} size CSS pixels of a picture and of a dot
 */
export function paintPictures(context, map, pictured, places, { side, radius }) {
  const { theme, selected, pictures } = map;
  /** @type {(item: number) => number} */
  const opacity = (item) => (selected && !selected[item] ? 0.25 : 1);
  for (const [item, x, y] of pictured) {
    const picture = pictures.of(item);
    if (picture) paintPicture(context, theme, picture, [x, y], side, map.colourOf(item), opacity(item));
  }
  const isPictured = new Set(pictured.map(([item]) => item));
  for (const [item, x, y] of places) {
    if (isPictured.has(item)) continue;
    context.globalAlpha = opacity(item);
    paintDot(context, theme, [x, y], map.colourOf(item), radius);
  }
  context.globalAlpha = 1;
}
