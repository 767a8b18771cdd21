// A grid as an SVG file: labels as text, every cell a picture of its own in the model's resolution.

import { element, themed } from "../shared/elements.js";
import { escaped, svgDocument, svgText } from "../shared/saving.js";
import { GAP } from "./cells.js";

export const FADED = 0.32; // opacity of rows that do not matter
const MARGIN = 18; // CSS pixels round a saved picture

/**
 * What is saved: the data, the size of a cell, what it is shown by, where a cell's corner is, and what draws one.
 * @typedef {object} SavedGrid
 * @property {import("./grid.js").GridData} data
 * @property {{width: number, height: number}} size
 * @property {HTMLElement} root
 * @property {HTMLElement} frame
 * @property {HTMLElement} canvas
 * @property {HTMLElement[]} headers
 * @property {HTMLElement[]} labels
 * @property {(r: number, c: number) => number[]} corner
 * @property {(canvas: HTMLCanvasElement, r: number, c: number) => void} draw
 */

/** @param {SavedGrid} grid */
export function savedGrid({ data, size, root, frame, canvas, headers, labels, corner: cornerOf, draw }) {
  const { shape, title, faded, marks } = data;
  const [R, C] = shape;
  const corner = frame.getBoundingClientRect();
  const cells = canvas.getBoundingClientRect();
  const top = MARGIN + 26;
  const font = getComputedStyle(root).fontFamily;
  const fill = themed(root, "text-color", "#222");
  const [left, up] = [MARGIN - corner.left, top - corner.top];
  /** @type {(node: Element, anchor: "middle" | "end") => string} */
  const written = (node, anchor) => {
    const box = node.getBoundingClientRect();
    const size = parseFloat(getComputedStyle(node).fontSize);
    const turned = node.matches(".turned .header");
    const x = anchor === "end" ? box.right : (box.left + box.right) / 2 + (turned ? 0.35 * size : 0);
    /** @type {Record<string, number>} */
    const muted = node.matches(".header, .note, .faded *") ? { "fill-opacity": 0.65 } : {};
    const at = { x: x + left, y: (box.top + box.bottom) / 2 + up + (turned ? 0 : 0.35 * size) };
    const look = { "font-family": font, "font-size": size, "text-anchor": anchor, fill };
    /** @type {Record<string, string>} */
    const turn = turned ? { transform: `rotate(-90 ${at.x} ${at.y})` } : {};
    return svgText(node.textContent, { ...at, ...look, ...muted, ...turn });
  };
  const look = { "font-family": font, "font-size": 14, "font-weight": 600, fill };
  const parts = [svgText(title, { x: MARGIN, y: MARGIN + 12, ...look })];
  /** @type {(node: Element) => boolean} */
  const seen = (node) => node.getClientRects().length > 0 && getComputedStyle(node).visibility !== "hidden";
  parts.push(...headers.map((node) => written(node, "middle")));
  for (const label of labels)
    parts.push(...[...label.children].filter(seen).map((node) => written(node, "end")));
  /** @type {(r: number, c: number) => string} */
  const place = (r, c) => {
    const [x, y] = cornerOf(r, c);
    return `x="${x + cells.left + left}" y="${y + cells.top + up}" width="${size.width}" height="${size.height}"`;
  };
  for (let r = 0; r < R; r++) {
    const fade = faded.includes(r) ? ` opacity="${FADED}"` : "";
    const pixelated = `preserveAspectRatio="none" style="image-rendering:pixelated"${fade}`;
    for (let c = 0; c < C; c++) {
      const picture = element("canvas");
      draw(picture, r, c);
      parts.push(`<image ${place(r, c)} href="${picture.toDataURL()}" ${pixelated}/>`);
    }
  }
  const outline = `fill="none" stroke="${escaped(themed(root, "primary-color", "#ff4b4b"))}"`;
  for (const [r, c] of marks) parts.push(`<rect ${place(r, c)} ${outline} stroke-width="${GAP}"/>`);
  const background = themed(root, "background-color", "#fff");
  const [width, height] = [corner.width + 2 * MARGIN, corner.height + top + MARGIN].map(Math.ceil);
  return svgDocument(width, height, background, parts.join(""));
}
