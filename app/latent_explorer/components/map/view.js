// Which part of the plane a map shows. One scale for both axes, so that circles stay circles.

/**
 * @typedef {import("./points.js").Box} Box
 * @typedef {import("./polygons.js").Point} Point
 * @typedef {{cx: number, cy: number, scale: number, whole?: boolean}} View the middle, CSS pixels a unit, and whether it shows everything
 * @typedef {{width: number, height: number}} Size of the plot in CSS pixels
 * @typedef {{centre: Point, radii: Point, tilt: number, label: string, class: number | null, sigmas: number, kind: "prior" | "posterior"}} Ellipse
 * @typedef {{rings: number[][], label: string, class: number | null, share: number, kind: "prior"}} Contour the region with a share of a prior's
 *   mass: x and y of the corners of each of its outlines, one after the other
 * @typedef {Ellipse | Contour} Shape
 */

const MARGIN = 14; // CSS pixels round what is shown whole
const FARTHEST = 1 / 4; // of the scale that shows everything
const CLOSEST = 400;

/**
 * @param {View} view
 * @param {Size} size
 * @param {Point} point
 * @returns {Point}
 */
export const toScreen = ({ cx, cy, scale }, { width, height }, [x, y]) => [
  width / 2 + (x - cx) * scale,
  height / 2 - (y - cy) * scale,
];

/**
 * @param {View} view
 * @param {Size} size
 * @param {Point} place
 * @returns {Point}
 */
export const toData = ({ cx, cy, scale }, { width, height }, [px, py]) => [
  cx + (px - width / 2) / scale,
  cy - (py - height / 2) / scale,
];

/**
 * The part of the plane that is shown, and `margin` CSS pixels round it.
 * @param {View} view
 * @param {Size} size
 * @returns {Box}
 */
export function boxInView(view, size, margin = 0) {
  const [left, top] = toData(view, size, [-margin, -margin]);
  const [right, bottom] = toData(view, size, [size.width + margin, size.height + margin]);
  return { left, right, bottom, top };
}

/**
 * The corners of a flat list of x and y.
 * @param {readonly number[]} ring
 * @returns {Point[]}
 */
export const cornersOf = (ring) =>
  Array.from({ length: ring.length / 2 }, (_, i) => [ring[2 * i], ring[2 * i + 1]]);

/**
 * How far a shape reaches.
 * @param {Shape} shape
 * @returns {Box}
 */
function boxOf(shape) {
  if ("rings" in shape) {
    const corners = shape.rings.flatMap(cornersOf);
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
    return { left: Math.min(...xs), right: Math.max(...xs), bottom: Math.min(...ys), top: Math.max(...ys) };
  }
  const {
    centre: [x, y],
    radii: [a, b],
    tilt,
  } = shape;
  const dx = Math.hypot(a * Math.cos(tilt), b * Math.sin(tilt));
  const dy = Math.hypot(a * Math.sin(tilt), b * Math.cos(tilt));
  return { left: x - dx, right: x + dx, bottom: y - dy, top: y + dy };
}

/**
 * The view that shows every point and prior.
 * @param {Box} bounds of the points
 * @param {readonly Shape[]} shapes
 * @param {Size} size
 * @returns {View}
 */
export function wholeView(bounds, shapes, { width, height }) {
  let { left, right, bottom, top } = bounds;
  for (const shape of shapes) {
    if (shape.kind !== "prior") continue; // another item to be opened does not move the map
    const box = boxOf(shape);
    [left, right] = [Math.min(left, box.left), Math.max(right, box.right)];
    [bottom, top] = [Math.min(bottom, box.bottom), Math.max(top, box.top)];
  }
  const scale = Math.min((width - 2 * MARGIN) / (right - left), (height - 2 * MARGIN) / (top - bottom));
  return { cx: (left + right) / 2, cy: (bottom + top) / 2, scale, whole: true };
}

/**
 * @param {View} view
 * @param {number} dx CSS pixels
 * @param {number} dy
 * @returns {View}
 */
export const panned = ({ cx, cy, scale }, dx, dy) => ({ cx: cx - dx / scale, cy: cy + dy / scale, scale });

/**
 * A view magnified about a place on the screen, which stays where it is; within bounds.
 * @param {View} view
 * @param {Size} size
 * @param {number} whole the scale that shows everything
 * @param {number} factor
 * @param {Point} place
 * @returns {View}
 */
export function zoomed(view, size, whole, factor, [px, py]) {
  const scale = Math.max(whole * FARTHEST, Math.min(whole * CLOSEST, view.scale * factor));
  const [x, y] = toData(view, size, [px, py]);
  return { cx: x - (px - size.width / 2) / scale, cy: y + (py - size.height / 2) / scale, scale };
}

/**
 * Corners with as many decimals as the screen can show, so that the link stays short.
 * @param {readonly Point[]} polygon
 * @param {number} scale CSS pixels a unit
 * @returns {Point[]}
 */
export function rounded(polygon, scale) {
  const decimals = Math.max(0, Math.min(12, Math.ceil(Math.log10(2 * scale))));
  return polygon.map(([x, y]) => [Number(x.toFixed(decimals)), Number(y.toFixed(decimals))]);
}
