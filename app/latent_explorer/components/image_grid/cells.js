// The cells of a grid: their pixels, their size, and which of them is where.

import { wordAt } from "../shared/pixels.js";

/** @typedef {[number, number]} Cell row and column */

export const GAP = 3; // CSS pixels between cells
const LARGEST_CELL = 72; // CSS pixels, unless the script asks for a scale, or the window is a large one
const TALLEST_CELL = 1.5 * LARGEST_CELL; // likewise: of tall images several rows are seen at once
const OF_WINDOW = 0.74; // the share of its height that all rows may take where they grow with it
const ROWS_SEEN = 10; // a cell takes no more than this part of the height of the window
const DEAR = 0.25; // the share of its size that a cell gives up at most to have whole pixels
const SMALLEST_CELL = 20; // below this the grid scrolls sideways instead of shrinking

/**
 * A cheap fingerprint of bytes (FNV-1a over 32-bit words).
 * @param {Uint8Array} bytes
 */
export function digest(bytes) {
  let hash = 2166136261;
  const whole = bytes.length & ~3;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, whole >> 2);
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i], 16777619);
  for (let i = whole; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 16777619);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/**
 * Grey or colour bytes, one cell after the other, as the pixels of one bitmap of all cells.
 * @param {ArrayLike<number>} pixels
 * @param {readonly number[]} shape rows, columns, height and width of a cell, channels
 */
export function bitmap(pixels, [R, C, H, W, channels]) {
  const words = new Uint32Array(R * H * C * W);
  for (let r = 0, from = 0; r < R; r++) {
    for (let c = 0; c < C; c++) {
      for (let y = 0; y < H; y++) {
        let to = (r * H + y) * C * W + c * W;
        for (const end = to + W; to < end; to++, from += channels) words[to] = wordAt(pixels, from, channels);
      }
    }
  }
  return words;
}

/**
 * The size of a cell in CSS pixels: what was asked for or is sensible, or less to fit into the room. On a projector pictures are larger.
 * @param {readonly number[]} shape
 * @param {number | null} scale
 * @param {number} room of all columns with their gaps
 * @param {number} window its height
 */
export function cellSize([R, C, H, W], scale, room, window = 0) {
  const fitting = Math.max(SMALLEST_CELL, Math.floor((room - C * GAP) / C));
  const high = Math.min(window / ROWS_SEEN, (OF_WINDOW * window) / R - GAP);
  const least = Math.max(SMALLEST_CELL, Math.min(LARGEST_CELL, Math.floor((TALLEST_CELL * W) / H)));
  const usual = Math.max(least, Math.floor((high * W) / H));
  const wanted = scale ? Math.max(Math.round(scale * W), high > LARGEST_CELL ? usual : 0) : usual;
  let width = Math.min(wanted, fitting);
  const rest = width % W;
  if (!scale && width > 2 * W && (width <= LARGEST_CELL || rest <= DEAR * width)) width -= rest; // whole pixels look best
  return { width, height: Math.max(1, Math.round((width * H) / W)) };
}

/**
 * The cell at a place of the canvas, in CSS pixels; null beside them all.
 * @param {number} x
 * @param {number} y
 * @param {{width: number, height: number}} size
 * @param {readonly number[]} shape
 * @returns {Cell | null}
 */
export function cellAt(x, y, { width, height }, [R, C]) {
  const column = Math.floor(x / (width + GAP));
  const row = Math.floor(y / (height + GAP));
  return row >= 0 && row < R && column >= 0 && column < C ? [row, column] : null;
}

/** @type {Record<string, Cell>} */
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * The cell that a key leads to from one, within the grid; null for a key that leads nowhere.
 * @param {string} key
 * @param {Cell} from
 * @param {readonly number[]} shape
 * @returns {Cell | null}
 */
export function stepped(key, from, shape) {
  const step = STEPS[key];
  return step ? within([from[0] + step[0], from[1] + step[1]], shape) : null;
}

/**
 * The nearest cell that there is.
 * @param {Cell} cell
 * @param {readonly number[]} shape
 * @returns {Cell}
 */
export function within([row, column], [R, C]) {
  return [Math.max(0, Math.min(R - 1, row)), Math.max(0, Math.min(C - 1, column))];
}

/**
 * Whether headers lie on one another that begin at their columns, or are centred there where they fit: the first grows to the left,
 * over the labels, and those after it to the right.
 * @param {readonly number[]} widths in CSS pixels
 * @param {number} step from one column to the next
 */
export function collide(widths, step) {
  let free = 0;
  return widths.some((width, c) => {
    const lies = width > 0 && c * step < free;
    free = Math.max(free, width > step && c > 0 ? c * step + width : 0);
    return lies;
  });
}
