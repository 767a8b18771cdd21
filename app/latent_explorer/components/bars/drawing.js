// Bars as SVG text.

import { escaped, svgDocument, svgText } from "../shared/saving.js";
import { shortened } from "../shared/words.js";

/** @typedef {{title: string, rows: [string, number, string][]}} BarsData names, values in [0, 1] and colours */
/** @typedef {{width: number, font: string, ink: string, background: string}} Look */

const ROW = 21; // CSS pixels
const TITLE = 26;
const SIZE = 13;
const MOST_LETTERS = 32; // of a name, which leaves room for its bar
const VALUE = 52; // the room for "100.0%"

/** @param {number} value */
export const percent = (value) => `${(100 * value).toFixed(1)}%`;

/**
 * @param {BarsData} data
 * @param {Look} look
 * @param {(text: string, font: string) => number} widthOf a text in a font
 */
export function drawing({ title, rows }, { width, font, ink, background }, widthOf) {
  const look = { "font-family": font, "font-size": SIZE, fill: ink };
  const told = shortened(
    rows.map(([name]) => name),
    MOST_LETTERS,
  );
  const names = Math.max(...told.map((name) => widthOf(name, `${SIZE}px sans-serif`)), 12);
  const [start, room] = [names + 8, Math.max(20, width - names - 8 - VALUE)];
  const parts = [svgText(title, { ...look, x: 0, y: 14, "font-size": 14, "font-weight": 600 })];
  rows.forEach(([, value, colour], i) => {
    const y = TITLE + i * ROW;
    const box = `x="${start}" y="${y}" height="${ROW - 5}" rx="3"`;
    parts.push(svgText(told[i], { ...look, x: names, y: y + 12.5, "text-anchor": "end" }));
    parts.push(`<rect ${box} width="${room}" fill="#808080" fill-opacity="0.15"/>`);
    parts.push(`<rect ${box} width="${room * value}" fill="${escaped(colour)}"/>`);
    parts.push(svgText(percent(value), { ...look, x: width, y: y + 12.5, "text-anchor": "end" }));
  });
  return svgDocument(width, TITLE + rows.length * ROW, background, parts.join(""));
}
