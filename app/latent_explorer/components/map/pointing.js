// What a place of a panel means: an item, what is between items, the next item in a direction.

import { BLENDED, blend } from "./points.js";

/**
 * @typedef {import("./panel.js").Panel} Panel
 * @typedef {import("./points.js").Weighted} Weighted
 * @typedef {import("./polygons.js").Point} Point
 */

export const REACH = { mouse: 8, pen: 10, touch: 18 }; // how near a point the pointer must be to mean it
const BLEND_REACH = [24, 0.03]; // how near the nearest must be: CSS pixels, or this share of the map, whichever is more

/**
 * The item that the pointer means: the one whose dot or picture is under it, or the nearest within reach; -1 for none.
 * @param {Panel} panel
 * @param {Point} at
 */
export function itemAt(panel, at, reach = REACH.mouse) {
  const item = panel.points.at(...panel.toData(at), reach / panel.scale, panel.map.isShown);
  return pictureAt(panel, at)?.[0] ?? item;
}

/**
 * @param {Panel} panel
 * @param {Point} at
 */
function pictureAt({ side, pictured }, [px, py]) {
  const half = side / 2;
  return pictured.find(([, x, y]) => Math.abs(x - px) <= half && Math.abs(y - py) <= half);
}

/**
 * What a place is made of, as in `blend`, or null where no item is near. On a dot or a picture it is that item. Where every place of the
 * panel is a code of its own, no place is too far from an item.
 * @param {Panel} panel
 * @param {Point} at
 * @returns {Weighted[] | null}
 */
export function weightsAt(panel, at) {
  const picture = pictureAt(panel, at);
  if (picture) return [[picture[0], 1]];
  const { points, scale } = panel;
  const found = points.nearest(...panel.toData(at), BLENDED + 1, panel.map.isShown);
  const [pixels, share] = BLEND_REACH;
  const reach = panel.plane ? Infinity : Math.max(pixels / scale, share * points.extent);
  return found.length && found[0][1] <= reach ? blend(found, panel.radius / scale) : null;
}

/**
 * The next item in a direction from the one under the cursor; without one, the nearest to the middle; -1 for none.
 * @param {Panel} panel
 * @param {number} item
 * @param {Point | null} direction
 */
export function itemAfter(panel, item, direction) {
  const { points, map } = panel;
  if (item >= 0 && direction)
    return points.next([points.x[item], points.y[item]], item, direction, map.isShown);
  const middle = panel.toData([panel.width / 2, panel.height / 2]);
  return points.nearest(...middle, 1, map.isShown)[0]?.[0] ?? -1;
}
