// Outlines drawn by hand: what lies inside, and how they become short enough for a link.

import { MAX_VERTICES } from "../shared/protocol.js";

/** @typedef {[number, number]} Point x and y */

/**
 * A test of whether (x, y) is inside a polygon, by the even-odd rule; the arithmetic of `inside` in selection.py.
 * @param {readonly Point[]} polygon
 * @returns {(x: number, y: number) => boolean}
 */
export function insideOf(polygon) {
  const xs = Float64Array.from(polygon, ([x]) => x);
  const ys = Float64Array.from(polygon, ([, y]) => y);
  return (x, y) => {
    let result = false;
    for (let i = 0, j = xs.length - 1; i < xs.length; j = i++) {
      if (ys[i] > y !== ys[j] > y && x < ((xs[j] - xs[i]) * (y - ys[i])) / (ys[j] - ys[i]) + xs[i])
        result = !result;
    }
    return result;
  };
}

/**
 * Which items lie inside a polygon: per item 1 or 0.
 * @param {import("./points.js").Points} points
 * @param {readonly Point[]} polygon
 * @param {import("./points.js").IsShown} isShown
 */
export function selectedIn(points, polygon, isShown) {
  const selected = new Uint8Array(points.count);
  const isInside = insideOf(polygon);
  const [xs, ys] = [polygon.map(([x]) => x), polygon.map(([, y]) => y)];
  const box = {
    left: Math.min(...xs),
    right: Math.max(...xs),
    bottom: Math.min(...ys),
    top: Math.max(...ys),
  };
  const { order } = points;
  points.buckets(box, (bucket, from, to) => {
    const all = crosses(polygon, bucket) ? null : isInside(...middleOf(bucket));
    if (all === false) return;
    for (let k = from; k < to; k++) {
      const item = order[k];
      if (isShown(item) && (all || isInside(points.x[item], points.y[item]))) selected[item] = 1;
    }
  });
  return selected;
}

/** @typedef {import("./points.js").Box} Box */

/**
 * @param {Box} box
 * @returns {Point}
 */
const middleOf = ({ left, right, bottom, top }) => [(left + right) / 2, (bottom + top) / 2];

/**
 * Whether an edge of a polygon may cross a box or touch it: where none does, all of the box is inside or all of it outside.
 * @param {readonly Point[]} polygon
 * @param {Box} box
 */
export function crosses(polygon, { left, right, bottom, top }) {
  const [halfX, halfY] = [
    (right - left) / 2 + (right - left) / 100,
    (top - bottom) / 2 + (top - bottom) / 100,
  ];
  const [x, y] = middleOf({ left, right, bottom, top });
  return polygon.some(([x1, y1], i) => {
    const [x0, y0] = polygon[i ? i - 1 : polygon.length - 1];
    if (Math.max(x0, x1) < x - halfX || Math.min(x0, x1) > x + halfX) return false;
    if (Math.max(y0, y1) < y - halfY || Math.min(y0, y1) > y + halfY) return false;
    // Apart along the normal of the edge (separating axes).
    const [nx, ny] = [y1 - y0, x0 - x1];
    return Math.abs(nx * (x - x0) + ny * (y - y0)) <= Math.abs(nx) * halfX + Math.abs(ny) * halfY;
  });
}

/**
 * The four corners of the box with these opposite corners.
 * @param {Point} one
 * @param {Point} other
 * @returns {Point[]}
 */
export const boxOf = ([x0, y0], [x1, y1]) => [
  [x0, y0],
  [x1, y0],
  [x1, y1],
  [x0, y1],
];

/**
 * The highest corner of a path on the screen.
 * @param {readonly Point[]} path
 */
export const topOf = (path) => path.reduce((best, corner) => (corner[1] < best[1] ? corner : best));

/**
 * How far a point is from the line through two others, or from both where they are one.
 * @param {Point} point
 * @param {Point} a
 * @param {Point} b
 */
function distanceTo([x, y], [ax, ay], [bx, by]) {
  const length = Math.hypot(bx - ax, by - ay);
  return length ? Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length : Math.hypot(x - ax, y - ay);
}

/**
 * Douglas-Peucker: drop the vertices of a path that are within `tolerance` of the path through the others.
 * @param {readonly Point[]} path
 * @param {number} tolerance
 */
export function thin(path, tolerance) {
  const keep = new Uint8Array(path.length);
  keep[0] = keep[path.length - 1] = 1;
  const spans = [[0, path.length - 1]];
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [first, last] = span;
    let farthest = -1;
    let distance = tolerance;
    for (let i = first + 1; i < last; i++) {
      const d = distanceTo(path[i], path[first], path[last]);
      if (d > distance) [farthest, distance] = [i, d];
    }
    if (farthest < 0) continue;
    keep[farthest] = 1;
    spans.push([first, farthest], [farthest, last]);
  }
  return path.filter((_, i) => keep[i]);
}

/**
 * Simplify a hand-drawn outline until it has few enough vertices for a link.
 * @param {readonly Point[]} path
 */
export function simplify(path, most = MAX_VERTICES) {
  let tolerance = 0.7;
  let result = thin(path, tolerance);
  while (result.length > most) result = thin(path, (tolerance *= 1.4));
  return result;
}
