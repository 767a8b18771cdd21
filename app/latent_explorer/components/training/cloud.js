// The latent map of the fixed items: where each lies at one frame, coloured by class, with the circle of a standard normal prior.

import { cleared } from "../shared/elements.js";

const RUNG = 1.2; // a map grows and shrinks by such factors, not by every frame
const LEAST = 2.5; // a map shows so far from 0 at least, where its unit is the prior's

/**
 * How far from 0 a map shows: beyond nearly all items, rounded up so that it does not tremble.
 * @param {number} reach of nearly all items
 */
export function shownReach(reach) {
  if (!Number.isFinite(reach)) return LEAST;
  const needed = Math.max(LEAST, 1.08 * reach);
  return LEAST * RUNG ** Math.ceil(Math.log(needed / LEAST) / Math.log(RUNG) - 1e-9);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {object} what
 * @param {ArrayLike<number>} what.places x, y, x, y, ...
 * @param {ArrayLike<number>} what.labels
 * @param {string[]} what.colours by class; one where there are no classes
 * @param {number} what.reach
 * @param {boolean} what.circle whether the prior is a standard normal that is seen from above
 * @param {[string, string]} what.axes their names
 * @param {{ink: string, quiet: string, font: string}} what.look
 */
export function drawCloud(canvas, { places, labels, colours, reach, circle, axes, look }) {
  const sheet = cleared(canvas);
  if (!sheet) return;
  const { context, width, height } = sheet;
  const unit = Math.min(width, height) / (2 * reach);
  const [x0, y0] = [width / 2, height / 2];
  if (axes[0]) cross(context, x0, y0, width, height, look);
  const size = places.length > 3000 ? 2 : 3;
  for (let i = 0; i + 1 < places.length; i += 2) {
    const [x, y] = [x0 + places[i] * unit, y0 - places[i + 1] * unit];
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    context.fillStyle = colours[labels[i / 2]] ?? colours[0] ?? look.ink;
    context.fillRect(x - size / 2, y - size / 2, size, size);
  }
  if (circle) {
    context.strokeStyle = look.ink;
    context.globalAlpha = 0.6;
    context.setLineDash([5, 4]);
    context.beginPath();
    context.arc(x0, y0, 2 * unit, 0, 2 * Math.PI);
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }
  written(context, axes, circle ? y0 - 2 * unit : 0, width, height, look);
}

/**
 * The names of the axes at their ends, and that of the circle.
 * @param {CanvasRenderingContext2D} context
 * @param {[string, string]} axes
 * @param {number} top of the circle; 0 without one
 * @param {number} width
 * @param {number} height
 * @param {{quiet: string, font: string}} look
 */
function written(context, [x, y], top, width, height, { quiet, font }) {
  context.font = `11px ${font}`;
  context.fillStyle = quiet;
  context.textBaseline = "bottom";
  context.textAlign = "right";
  context.fillText(x, width - 2, height / 2 - 3);
  context.textAlign = "left";
  context.fillText(y, width / 2 + 4, 13);
  if (top > 26) context.fillText("prior, 2 σ", width / 2 + 4, top - 3);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} x0
 * @param {number} y0
 * @param {number} width
 * @param {number} height
 * @param {{quiet: string}} look
 */
function cross(context, x0, y0, width, height, { quiet }) {
  context.strokeStyle = quiet;
  context.globalAlpha = 0.25;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(0, y0);
  context.lineTo(width, y0);
  context.moveTo(x0, 0);
  context.lineTo(x0, height);
  context.stroke();
  context.globalAlpha = 1;
}
