// A map of encodings in the units of their prior, at any beta: dots, the prior's circle, and where one posterior lies.

import { cleared } from "../shared/elements.js";
import { between, blended } from "../shared/knots.js";

/**
 * @typedef {object} CloudData
 * @property {number[]} betas at which the dots are known
 * @property {ArrayLike<number>} levels places of the dots, from 0 to 65,535, `[beta][dot][axis]`
 * @property {ArrayLike<number>} labels
 * @property {string[]} colours by class
 * @property {number} reach standard deviations at the rim
 * @property {boolean} circle whether the prior is a Gaussian, which has one
 * @property {{betas: number[], mean: number[][], covariance: number[][]}} posterior of the observation at hand
 */

/** @typedef {{ink: string, quiet: string, font: string}} Look */

const LEVELS = 65535;
const DEVIATIONS = 2; // of the circle and the ellipse
const NOW = "#d62728";
const RIM = 18; // CSS pixels for numbers
const TOP = 6; // and for the half of the highest one

/**
 * A 2 x 2 covariance, (xx, xy, yy), as the half axes of an ellipse of one standard deviation and its angle.
 * @param {readonly number[]} covariance
 */
export function ellipse([xx, xy, yy]) {
  const [middle, apart] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
  const halves = [Math.sqrt(Math.max(0, middle + apart)), Math.sqrt(Math.max(0, middle - apart))];
  return { halves, angle: Math.atan2(2 * xy, xx - yy) / 2 };
}

/**
 * Places of the dots at a beta, in standard deviations: x, y, x, y, ...
 * @param {CloudData} data
 * @param {number} beta
 */
export function dots({ betas, levels, reach }, beta) {
  const { low, high, share } = between(betas, beta);
  const each = levels.length / betas.length;
  const places = new Float32Array(each);
  for (let i = 0; i < each; i++) {
    const level = (1 - share) * levels[low * each + i] + share * levels[high * each + i];
    places[i] = ((2 * level) / LEVELS - 1) * reach;
  }
  return places;
}

/**
 * Draw the map at a beta.
 * @param {HTMLCanvasElement} canvas
 * @param {CloudData} data
 * @param {number} beta
 * @param {Look} look
 */
export function drawCloud(canvas, data, beta, look) {
  const sheet = cleared(canvas);
  if (!sheet) return;
  const { context, width, height } = sheet;
  const unit = (Math.min(width, height - TOP) - RIM) / (2 * data.reach);
  const [middle, centre] = [width / 2 + RIM / 4, (height - RIM + TOP) / 2];
  /** @type {(x: number, y: number) => [number, number]} */
  const at = (x, y) => [middle + x * unit, centre - y * unit];
  rules(context, at, look, data.reach);
  const places = dots(data, beta);
  for (let i = 0; i < places.length; i += 2) {
    const [x, y] = at(places[i], places[i + 1]);
    context.fillStyle = data.colours[data.labels[i / 2]] ?? look.ink;
    context.fillRect(x - 1, y - 1, 2, 2);
  }
  if (data.circle) outline(context, at(0, 0), [DEVIATIONS * unit, DEVIATIONS * unit], 0, look.ink, [5, 4]);
  const { posterior } = data;
  const place = between(posterior.betas, beta);
  const part = (/** @type {number[][]} */ rows, /** @type {number} */ k) =>
    blended(
      rows.map((row) => row[k]),
      place,
    );
  const { halves, angle } = ellipse([0, 1, 2].map((k) => part(posterior.covariance, k)));
  const own = at(part(posterior.mean, 0), part(posterior.mean, 1));
  outline(context, own, [halves[0] * DEVIATIONS * unit, halves[1] * DEVIATIONS * unit], -angle, NOW, []);
  context.fillStyle = NOW;
  context.beginPath();
  context.arc(...own, 3, 0, 2 * Math.PI);
  context.fill();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number]} place
 * @param {number[]} halves
 * @param {number} angle
 * @param {string} colour
 * @param {number[]} dashes
 */
function outline(context, [x, y], halves, angle, colour, dashes) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.setLineDash(dashes);
  context.beginPath();
  context.ellipse(x, y, halves[0], halves[1], angle, 0, 2 * Math.PI);
  context.stroke();
  context.setLineDash([]);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {(x: number, y: number) => [number, number]} at
 * @param {Look} look
 * @param {number} reach
 */
function rules(context, at, { quiet, font }, reach) {
  context.font = `11px ${font}`;
  context.fillStyle = context.strokeStyle = quiet;
  context.lineWidth = 1;
  context.textAlign = "center";
  const step = reach > 6 ? Math.ceil(reach / 3) : 2;
  for (let value = -Math.floor(reach / step) * step; value <= reach; value += step) {
    const [[x, bottom], [left, y]] = [at(value, -reach), at(-reach, value)];
    context.fillText(String(value).replace("-", "−"), x, bottom + 13);
    if (value) context.fillText(String(value).replace("-", "−"), left - 8, y + 4);
    context.globalAlpha = 0.25;
    context.beginPath();
    context.moveTo(x, bottom);
    context.lineTo(...at(value, reach));
    context.moveTo(left, y);
    context.lineTo(...at(reach, value));
    context.stroke();
    context.globalAlpha = 1;
  }
}
