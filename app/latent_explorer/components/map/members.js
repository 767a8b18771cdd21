// Which items stand out: those of a selection, or those that were found.

import { fromBase64 } from "../shared/envelope.js";
import { selectedIn } from "./polygons.js";

/** @typedef {import("./points.js").IsShown} IsShown */

/**
 * Items as one bit each, the first in the highest bit of the first byte, to 1 or 0 for each; those that are not shown are 0.
 * @param {Uint8Array} bits
 * @param {number} count
 * @param {IsShown} isShown
 */
export function unpacked(bits, count, isShown) {
  const members = new Uint8Array(count);
  for (let item = 0; item < count; item++) {
    if ((bits[item >> 3] >> (7 - (item & 7))) & 1 && isShown(item)) members[item] = 1;
  }
  return members;
}

/**
 * 1 or 0 for each item, null where all are alike.
 * @param {import("./map.js").LatentMap} map
 * @param {import("./map.js").Selection | null} selection
 */
export function membersIn({ panels, dataset, data, isShown }, selection) {
  const points = dataset.panels[panels.findIndex(({ name }) => name === selection?.panel)];
  if (selection && points) return selectedIn(points, selection.polygon, isShown);
  const bits = selection ? data.lit : data.found;
  return bits ? unpacked(fromBase64(bits), dataset.classes.length, isShown) : null;
}
