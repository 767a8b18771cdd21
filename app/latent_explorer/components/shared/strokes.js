// Strokes: the drawing itself, in thousandths of the paper's width.

import { UNIT } from "./protocol.js";

/**
 * @typedef {import("./protocol.js").Stroke} Stroke
 * @typedef {[number, number]} Point
 */

const NEAR = 4; // a point closer to the last one than this adds nothing
export const BLACK = 0;
export const WHITE = 255;

/**
 * Where a place of the screen lies on the paper.
 * @param {number} x CSS pixels from the paper's corner
 * @param {number} y
 * @param {number} width CSS pixels of the paper
 * @returns {Point}
 */
export const onPaper = (x, y, width) => [Math.round((x / width) * UNIT), Math.round((y / width) * UNIT)];

/**
 * A stroke that goes on to a point, unless it is there already.
 * @param {Stroke} stroke
 * @param {Point} point
 * @returns {boolean} whether it went on
 */
export function drawTo({ points }, [x, y]) {
  if (Math.hypot(x - points[points.length - 2], y - points[points.length - 1]) < NEAR) return false;
  points.push(x, y);
  return true;
}

/**
 * The point at a distance in a direction, or at the rim.
 * @param {Point} from
 * @param {Point} direction
 * @param {number} far
 * @param {number} aspect the paper's height over its width
 * @returns {Point}
 */
export function moved([x, y], [dx, dy], far, aspect) {
  /** @type {(value: number, most: number) => number} */
  const within = (value, most) => Math.max(0, Math.min(most, value));
  return [within(x + dx * far, UNIT), within(y + dy * far, UNIT * aspect)];
}

/**
 * Draw strokes on black, filling a context of this width.
 * @param {CanvasRenderingContext2D} context
 * @param {readonly Stroke[]} strokes
 */
export function paint(context, strokes) {
  const { width, height } = context.canvas;
  const unit = width / UNIT;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = "#000";
  context.fillRect(0, 0, width, height);
  context.setTransform(unit, 0, 0, unit, 0, 0);
  context.lineCap = context.lineJoin = "round";
  for (const { width: line, ink, points } of strokes) {
    const [x, y] = points;
    context.strokeStyle = context.fillStyle = `rgb(${ink},${ink},${ink})`;
    context.lineWidth = line;
    context.beginPath();
    context.arc(x, y, line / 2, 0, 2 * Math.PI);
    context.fill();
    context.beginPath();
    context.moveTo(x, y);
    for (let i = 2; i < points.length; i += 2) context.lineTo(points[i], points[i + 1]);
    context.stroke();
  }
}
