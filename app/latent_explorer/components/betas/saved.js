// The page's figure as one SVG: the strip, the sentence, the plane and both maps.

import { svgDocument, svgText } from "../shared/saving.js";
import { bits, count, number, said } from "./says.js";

/**
 * @typedef {object} Shown
 * @property {{beta: number, href: string, reading: import("./says.js").Reading}[]} columns
 * @property {number} ratio of a picture, its width over its height
 * @property {string} sentence
 * @property {string} axes
 * @property {{href: string, beta: number}[]} maps
 * @property {((width: number, height: number) => string) | null} plane
 * @property {string} title
 * @property {{ink: string, quiet: string, font: string, background: string}} look
 */

const WIDTH = 1100;
const MARGIN = 18;
const BELOW = 300; // the height of the lower row

/**
 * A text in lines of at most so many characters.
 * @param {string} text
 * @param {number} most
 */
export function wrapped(text, most) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(" ")) {
    const last = lines.length - 1;
    if (last >= 0 && lines[last].length + word.length < most) lines[last] += ` ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** @param {Shown} shown */
export function saved({ columns, ratio, sentence, axes, maps, plane, title, look }) {
  const text = (/** @type {string} */ words, /** @type {number} */ x, /** @type {number} */ y, more = {}) =>
    svgText(words, { x, y, "font-size": 13, "font-family": look.font, fill: look.ink, ...more });
  const room = (WIDTH - 2 * MARGIN) / columns.length;
  const side = room - 10;
  const [w, h] = ratio > 1 ? [side, side / ratio] : [side * ratio, side];
  const parts = [text(title, MARGIN, 26, { "font-size": 15, "font-weight": 600 })];
  columns.forEach(({ beta, href, reading }, place) => {
    const middle = MARGIN + (place + 0.5) * room;
    const lines = [
      Number.isFinite(reading.rate) ? `${number(reading.rate)} nats` : "",
      Number.isFinite(reading.rate) ? `${number(bits(reading.rate))} bits` : "",
      `${count(reading.active)} awake`,
    ];
    parts.push(text(`β = ${said(beta)}`, middle, 48, { "text-anchor": "middle" }));
    parts.push(
      `<image href="${href}" x="${middle - w / 2}" y="56" width="${w}" height="${h}" style="image-rendering: pixelated"/>`,
    );
    lines.forEach((line, k) =>
      parts.push(text(line, middle, 56 + h + 17 * (k + 1), { "text-anchor": "middle" })),
    );
  });
  let y = 56 + h + 76;
  for (const line of wrapped(sentence, 140)) parts.push(text(line, MARGIN, (y += 18)));
  y += 14;
  const wide = plane ? WIDTH - 2 * MARGIN - 2 * BELOW : 0;
  if (plane) parts.push(`<g transform="translate(${MARGIN} ${y})">${plane(wide - 16, BELOW)}</g>`);
  maps.forEach(({ href, beta }, place) => {
    const x = MARGIN + wide + place * BELOW;
    parts.push(text(`β = ${said(beta)}`, x + BELOW / 2, y + 12, { "text-anchor": "middle" }));
    parts.push(`<image href="${href}" x="${x}" y="${y + 18}" width="${BELOW - 10}" height="${BELOW - 20}"/>`);
  });
  y += BELOW + 8;
  for (const line of wrapped(axes, 150)) parts.push(text(line, MARGIN, (y += 16), { "font-size": 12 }));
  return svgDocument(WIDTH, Math.ceil(y + MARGIN), look.background, parts.join(""));
}
