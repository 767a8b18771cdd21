// The rate-distortion plane as SVG text.

import { escaped, svgText } from "../shared/saving.js";
import { ticks } from "../shared/knots.js";

/**
 * @typedef {object} PointData
 * @property {number} rate
 * @property {number} distortion
 * @property {number} rateError standard errors, nats
 * @property {number} distortionError
 * @property {Record<string, number>} betas
 * @property {string} words
 */

/**
 * @typedef {object} PlaneData
 * @property {string} an
 * @property {PointData[]} points
 * @property {{block: string, colour: string, points: number[]}[]} lines
 * @property {{rate: number, distortion: number, words: string}[]} anchors trained for one beta each
 * @property {{rate: number, distortion: number, words: string}[]} others
 */

/** @typedef {{width: number, height: number, font: string, ink: string, quiet: string, accent: string}} Look */
/** @typedef {{rate: number, distortion: number, href: string, ratio: number}} Thumbnail ratio: its width over its height */
/** @typedef {(rate: number, distortion: number) => [number, number]} Placed */

const LEFT = 46;
const RIGHT = 12;
const TOP = 22;
const BOTTOM = 36;
const SIDE = 26; // of the pictures beside the dots
const APART = 30; // of two pictures
const NOW = "#d62728";

/**
 * The limits of both axes.
 * @param {PlaneData} data
 */
function limits({ points, anchors, others }) {
  const all = [...points, ...anchors, ...others];
  /** @type {(values: number[]) => [number, number]} */
  const ends = (values) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const room = Math.max(0.08 * (high - low), 0.5);
    return [low - room, high + room];
  };
  return [ends(all.map(({ rate }) => rate)), ends(all.map(({ distortion }) => distortion))];
}

/**
 * From nats to pixels.
 * @param {PlaneData} data
 * @param {{width: number, height: number}} look
 * @returns {Placed}
 */
export function placed(data, { width, height }) {
  const [[left, right], [bottom, top]] = limits(data);
  return (rate, distortion) => [
    LEFT + ((rate - left) / (right - left)) * (width - LEFT - RIGHT),
    height - BOTTOM - ((distortion - bottom) / (top - bottom)) * (height - TOP - BOTTOM),
  ];
}

/**
 * Lines D + R = constant within the plane, `[total, x, y, x, y]`.
 * @param {PlaneData} data
 */
export function bounds(data) {
  const [[left, right], [bottom, top]] = limits(data);
  const sums = data.points.map(({ rate, distortion }) => rate + distortion);
  return ticks(Math.min(...sums) - 1, Math.max(...sums) + 1, 5).flatMap((total) => {
    const [from, to] = [Math.max(left, total - top), Math.min(right, total - bottom)];
    return from < to ? [[total, from, total - from, to, total - to]] : [];
  });
}

/**
 * The plane without what moves.
 * @param {PlaneData} data
 * @param {Look} look
 * @param {readonly Thumbnail[]} thumbnails
 */
export function plane(data, look, thumbnails) {
  const { width, height, quiet } = look;
  const at = placed(data, look);
  return [
    axes(data, look),
    ...bounds(data).map(([total, ...ends]) => {
      const [[a, b], [c, d]] = [at(ends[0], ends[1]), at(ends[2], ends[3])];
      return `<line x1="${a}" y1="${b}" x2="${c}" y2="${d}" stroke="${quiet}" stroke-dasharray="1 4"><title>−ELBO = ${total} nats</title></line>`;
    }),
    ...data.lines.map(({ points, colour, block }) => {
      const path = points.map((p) => at(data.points[p].rate, data.points[p].distortion).join(" ")).join("L");
      return `<path d="M${path}" fill="none" stroke="${escaped(colour)}" stroke-width="1.5"><title>along β(${escaped(block)})</title></path>`;
    }),
    ...data.others.map(({ rate, distortion, words }) => cross(at(rate, distortion), quiet, words)),
    ...data.anchors.map(({ rate, distortion, words }) => diamond(at(rate, distortion), words)),
    ...apart(thumbnails, at).map(({ href, x, y, w, h }) => {
      const [left, top] = [Math.min(x + 8, width - w - 2), Math.max(y - h - 8, 2)];
      return (
        `<line x1="${x}" y1="${y}" x2="${left + w / 2}" y2="${top + h / 2}" stroke="${quiet}"/>` +
        `<image href="${href}" x="${left}" y="${top}" width="${w}" height="${h}" style="image-rendering: pixelated"/>`
      );
    }),
    ...data.points.map((point, number) => dot(point, number, at, look)),
    svgText("· equal −ELBO   ◇ trained for one β   × other models", {
      x: width - RIGHT,
      y: 12,
      "text-anchor": "end",
      "font-size": 11,
      "font-family": look.font,
      fill: quiet,
    }),
    ...along(data, look),
    `<rect x="${LEFT}" y="${TOP}" width="${width - LEFT - RIGHT}" height="${height - TOP - BOTTOM}" fill="none" stroke="${quiet}" stroke-opacity="0.4"/>`,
  ].join("");
}

/**
 * What the lines are, where there are several sorts: in the corner where neither rate nor distortion can be.
 * @param {PlaneData} data
 * @param {Look} look
 */
function along({ lines }, { height, font }) {
  const colours = new Map(lines.map(({ block, colour }) => [block, colour]));
  if (colours.size < 2) return [];
  return [...colours].map(([block, fill], number) =>
    svgText(`― along β(${block})`, {
      x: LEFT + 8,
      y: height - BOTTOM - 10 - 14 * number,
      "font-size": 11,
      "font-family": font,
      fill,
    }),
  );
}

/**
 * The whole plane, with a ring where the marker stands.
 * @param {PlaneData} data
 * @param {Look} look
 * @param {readonly Thumbnail[]} thumbnails
 * @param {import("./says.js").Reading} now
 */
export function planeWith(data, look, thumbnails, { total = 0, distortion = 0 }) {
  const { width, height } = look;
  const inside = plane(data, look, thumbnails) + ring(placed(data, look)(total, distortion));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="group" aria-label="Rate and distortion">${inside}</svg>`;
}

/**
 * The ring where the marker stands.
 * @param {[number, number]} place
 */
const ring = ([x, y]) => `<circle cx="${x}" cy="${y}" r="8" fill="none" stroke="${NOW}" stroke-width="3"/>`;

/**
 * Pictures that lie far enough from those before them.
 * @param {readonly Thumbnail[]} thumbnails
 * @param {Placed} at
 */
function apart(thumbnails, at) {
  /** @type {{href: string, x: number, y: number, w: number, h: number}[]} */
  const shown = [];
  for (const { rate, distortion, href, ratio } of thumbnails) {
    const [x, y] = at(rate, distortion);
    const [w, h] = ratio > 1 ? [SIDE, SIDE / ratio] : [SIDE * ratio, SIDE];
    if (shown.every((other) => Math.hypot(other.x - x, other.y - y) > APART))
      shown.push({ href, x, y, w, h });
  }
  return shown;
}

/**
 * @param {PlaneData} data
 * @param {Look} look
 */
function axes(data, { width, height, font, ink, quiet }) {
  const [[left, right], [bottom, top]] = limits(data);
  const at = placed(data, { width, height });
  const small = { "font-size": 11, "font-family": font, fill: ink };
  const parts = ticks(left, right, 6).map((rate) =>
    svgText(rate, { ...small, x: at(rate, bottom)[0], y: height - BOTTOM + 14, "text-anchor": "middle" }),
  );
  parts.push(
    ...ticks(bottom, top, 5).map((nats) =>
      svgText(nats, { ...small, x: LEFT - 5, y: at(left, nats)[1] + 4, "text-anchor": "end" }),
    ),
    svgText(`rate R, nats ${data.an}`, {
      ...small,
      x: (LEFT + width) / 2,
      y: height - 6,
      "text-anchor": "middle",
    }),
    svgText(`distortion D, nats`, {
      ...small,
      x: 0,
      y: 0,
      "text-anchor": "middle",
      transform: `translate(11 ${(TOP + height - BOTTOM) / 2}) rotate(-90)`,
    }),
    `<line x1="${LEFT}" y1="${height - BOTTOM}" x2="${width - RIGHT}" y2="${height - BOTTOM}" stroke="${quiet}"/>`,
  );
  return parts.join("");
}

/**
 * @param {PointData} point
 * @param {number} number
 * @param {Placed} at
 * @param {Look} look
 */
function dot({ rate, distortion, rateError, distortionError, words }, number, at, { accent }) {
  const [x, y] = at(rate, distortion);
  const across = at(rate + 2 * rateError, distortion)[0] - x;
  const up = y - at(rate, distortion + 2 * distortionError)[1];
  return (
    `<g class="dot" role="button" tabindex="0" data-point="${number}" aria-label="${escaped(words)}">` +
    `<path d="M${x - across} ${y}h${2 * across}M${x} ${y - up}v${2 * up}" stroke="${accent}"/>` +
    `<circle cx="${x}" cy="${y}" r="9" fill="transparent"/><circle cx="${x}" cy="${y}" r="4" fill="${accent}"/></g>`
  );
}

/**
 * @param {[number, number]} place
 * @param {string} words
 */
const diamond = ([x, y], words) =>
  `<path d="M${x - 6} ${y}L${x} ${y - 6}L${x + 6} ${y}L${x} ${y + 6}Z" fill="#8880" stroke="#d46518" stroke-width="2"><title>${escaped(words)}</title></path>`;

/**
 * @param {[number, number]} place
 * @param {string} colour
 * @param {string} words
 */
const cross = ([x, y], colour, words) =>
  `<g><title>${escaped(words)}</title><circle cx="${x}" cy="${y}" r="7" fill="transparent"/>` +
  `<path d="M${x - 4} ${y - 4}l8 8m0 -8l-8 8" stroke="${colour}" stroke-width="2"/></g>`;
