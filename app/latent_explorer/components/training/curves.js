// Curves by step on a canvas: each with its last value as a label, changes as marks, and the step that is looked at.

import { cleared } from "../shared/elements.js";

/**
 * @typedef {object} Curve
 * @property {string} name
 * @property {string} colour
 * @property {ArrayLike<number>} steps
 * @property {ArrayLike<number>} values
 * @property {boolean} [dashed]
 */

/** @typedef {{step: number, text: string}} Mark a change while it trained */

/**
 * @typedef {object} Axes
 * @property {number} width CSS pixels
 * @property {number} height
 * @property {number} steps of the whole training
 * @property {[number, number]} range of the values
 */

const LEFT = 34; // CSS pixels for numbers
const TOP = 15;
const BOTTOM = 13;
const LABEL = 66; // at the right, of the curves
const FIRST = 0.1; // of the values, which fall from far above, and have no say in the range

/**
 * The range that shows what matters: of all finite values, but for the first ones where more follow.
 * @param {Curve[]} curves
 * @returns {[number, number]}
 */
export function rangeOf(curves) {
  let [low, high] = [Infinity, -Infinity];
  for (const { values } of curves) {
    for (let i = Math.floor(values.length * FIRST); i < values.length; i++) {
      if (!Number.isFinite(values[i])) continue;
      low = Math.min(low, values[i]);
      high = Math.max(high, values[i]);
    }
  }
  if (low > high) return [0, 1];
  const room = Math.max((high - low) * 0.06, Math.abs(high) * 1e-3, 1e-6);
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

/**
 * Where a step and a value lie; a value beyond the range lies on its rim.
 * @param {Axes} axes
 * @param {number} step
 * @param {number} value
 * @returns {[number, number]}
 */
export function placeOf({ width, height, steps, range: [low, high] }, step, value) {
  const share = Math.min(1, Math.max(0, (value - low) / (high - low)));
  return [
    LEFT + (width - LEFT - LABEL) * (step / Math.max(1, steps)),
    height - BOTTOM - share * (height - TOP - BOTTOM),
  ];
}

/**
 * The step at a place.
 * @param {Axes} axes
 * @param {number} x
 */
export const stepAt = ({ width, steps }, x) =>
  Math.min(steps, Math.max(0, (steps * (x - LEFT)) / (width - LEFT - LABEL)));

/**
 * A number in three digits.
 * @param {number} value
 */
export function short(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 10_000_000) return value.toExponential(1).replace("+", "");
  if (size >= 10_000) return `${Number((value / 1000).toPrecision(3))}k`;
  return String(Number(value.toPrecision(3)));
}

/**
 * Heights of labels, moved apart so that none lies on another.
 * @param {number[]} heights in any order
 * @param {number} gap
 */
export function apart(heights, gap) {
  const order = heights.map((_, place) => place).sort((a, b) => heights[a] - heights[b]);
  const moved = [...heights];
  order.forEach((place, i) => {
    if (i) moved[place] = Math.max(moved[place], moved[order[i - 1]] + gap);
  });
  return moved;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{title: string, curves: Curve[], marks: Mark[], steps: number, at: number, look: {ink: string, quiet: string, font: string}}} what
 */
export function drawCurves(canvas, { title, curves, marks, steps, at, look }) {
  const sheet = cleared(canvas);
  if (!sheet) return;
  const { context, width, height } = sheet;
  const axes = { width, height, steps, range: rangeOf(curves) };
  context.font = `11px ${look.font}`;
  context.textBaseline = "middle";
  frame(context, axes, title, look);
  for (const { step, text } of marks) mark(context, axes, step, text, look);
  for (const curve of curves) line(context, axes, curve);
  labels(context, axes, curves);
  if (at >= 0) {
    const [x] = placeOf(axes, at, 0);
    rule(context, x, axes, look.ink, []);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Axes} axes
 * @param {string} title
 * @param {{ink: string, quiet: string}} look
 */
function frame(context, axes, title, { ink, quiet }) {
  const { width, height, range } = axes;
  context.strokeStyle = quiet;
  context.globalAlpha = 0.5;
  context.lineWidth = 1;
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(LEFT, TOP);
  context.lineTo(LEFT, height - BOTTOM);
  context.lineTo(width - LABEL, height - BOTTOM);
  context.stroke();
  context.globalAlpha = 1;
  context.fillStyle = ink;
  context.textAlign = "left";
  context.fillText(title, LEFT + 2, 7);
  context.fillStyle = quiet;
  context.textAlign = "right";
  context.fillText(short(range[1]), LEFT - 3, TOP + 4);
  context.fillText(short(range[0]), LEFT - 3, height - BOTTOM - 3);
  context.fillText(`${axes.steps.toLocaleString("en")} steps`, width - LABEL, height - 5);
  context.textAlign = "left";
  context.fillText("0", LEFT, height - 5);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {Axes} axes
 * @param {string} colour
 * @param {number[]} dashes
 */
function rule(context, x, { height }, colour, dashes) {
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.setLineDash(dashes);
  context.beginPath();
  context.moveTo(x, TOP);
  context.lineTo(x, height - BOTTOM);
  context.stroke();
  context.setLineDash([]);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Axes} axes
 * @param {number} step
 * @param {string} text
 * @param {{quiet: string}} look
 */
function mark(context, axes, step, text, { quiet }) {
  const [x] = placeOf(axes, step, 0);
  rule(context, x, axes, "#d62728", [3, 3]);
  context.fillStyle = quiet;
  const room = axes.width - LABEL - x > context.measureText(text).width + 4;
  context.textAlign = room ? "left" : "right";
  context.fillText(text, x + (room ? 3 : -3), TOP + 5);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Axes} axes
 * @param {Curve} curve
 */
function line(context, axes, { colour, steps, values, dashed }) {
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.setLineDash(dashed ? [4, 3] : []);
  context.beginPath();
  let begun = false;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      begun = false;
      continue;
    }
    const [x, y] = placeOf(axes, steps[i], values[i]);
    if (begun) context.lineTo(x, y);
    else context.moveTo(x, y);
    begun = true;
  }
  context.stroke();
  context.setLineDash([]);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Axes} axes
 * @param {Curve[]} curves
 */
function labels(context, axes, curves) {
  const named = curves.filter(({ values }) => values.length);
  const lasts = named.map(({ values }) => values[values.length - 1]);
  const heights = apart(
    lasts.map((value) => placeOf(axes, axes.steps, value)[1]),
    11,
  );
  context.textAlign = "left";
  named.forEach(({ name, colour }, i) => {
    context.fillStyle = colour;
    context.fillText(`${short(lasts[i])} ${name}`, axes.width - LABEL + 4, heights[i], LABEL - 4);
  });
}
