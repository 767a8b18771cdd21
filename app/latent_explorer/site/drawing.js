// From strokes to the image that a model encodes, as the app makes it: drawn large, made small, centred as MNIST's digits were.

import { UNIT } from "../components/shared/protocol.js";

/** @typedef {import("../components/shared/protocol.js").Stroke} Stroke */
/** @typedef {{width: number, height: number, values: Float64Array}} Grey values from 0 to 255, row after row */

const PAPER = 448; // pixels of the longer side while it is drawn
const [FILL, INK] = [20 / 28, 32]; // the share of the side that a centred figure fills, and the grey from which a pixel is part of it
const LOBES = 3; // of the filter that makes a figure larger or smaller (Lanczos)

/**
 * Strokes on black, grey at their edges; null where nothing is to be seen.
 * @param {readonly Stroke[]} strokes
 * @param {number} height
 * @param {number} width
 * @returns {Grey | null}
 */
export function drawn(strokes, height, width) {
  const factor = Math.max(1, Math.round(PAPER / Math.max(height, width)));
  const [high, wide] = [height * factor, width * factor];
  const paper = new Uint8Array(high * wide);
  for (const { width: line, ink, points } of strokes) {
    const radius = Math.max(0.5, ((Math.min(500, Math.max(1, line)) / UNIT) * wide) / 2);
    const at = points.map((value) => (Math.min(2 * UNIT, Math.max(-UNIT, value)) / UNIT) * wide);
    for (let i = 0; i + 1 < at.length; i += 2) {
      const last = i >= 2 ? i - 2 : i;
      capsule(paper, wide, high, [at[last], at[last + 1]], [at[i], at[i + 1]], radius, ink);
    }
  }
  const values = new Float64Array(height * width);
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      values[Math.floor(y / factor) * width + Math.floor(x / factor)] += paper[y * wide + x];
    }
  }
  const image = { width, height, values: values.map((sum) => Math.round(sum / factor ** 2)) };
  return image.values.some(Boolean) ? image : null;
}

/**
 * Ink on every pixel within a distance of a line.
 * @param {Uint8Array} paper
 * @param {number} wide
 * @param {number} high
 * @param {[number, number]} from
 * @param {[number, number]} to
 * @param {number} radius
 * @param {number} ink
 */
function capsule(paper, wide, high, [ax, ay], [bx, by], radius, ink) {
  const [dx, dy] = [bx - ax, by - ay];
  const long = dx * dx + dy * dy;
  const [top, bottom] = [
    Math.max(0, Math.floor(Math.min(ay, by) - radius)),
    Math.min(high - 1, Math.ceil(Math.max(ay, by) + radius)),
  ];
  const [left, right] = [
    Math.max(0, Math.floor(Math.min(ax, bx) - radius)),
    Math.min(wide - 1, Math.ceil(Math.max(ax, bx) + radius)),
  ];
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const share = long ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / long)) : 0;
      const [ex, ey] = [x - ax - share * dx, y - ay - share * dy];
      if (ex * ex + ey * ey <= radius * radius) paper[y * wide + x] = ink;
    }
  }
}

/**
 * The figure scaled to 20/28 of the side, and moved so that its centre of mass lies in the middle.
 * @param {Grey} image
 * @returns {Grey}
 */
export function centred(image) {
  const { width, height, values } = image;
  const at = Array.from(values.keys()).filter((i) => values[i] > INK);
  if (!at.length) return image;
  const [rows, columns] = [at.map((i) => Math.floor(i / width)), at.map((i) => i % width)];
  const [top, bottom, left, right] = [
    Math.min(...rows),
    Math.max(...rows),
    Math.min(...columns),
    Math.max(...columns),
  ];
  const cut = cropped(image, top, left, bottom - top + 1, right - left + 1);
  const factor = (FILL * Math.min(height, width)) / Math.max(cut.height, cut.width);
  const scaled = resized(
    cut,
    Math.max(1, Math.round(cut.height * factor)),
    Math.max(1, Math.round(cut.width * factor)),
  );
  const sum = scaled.values.reduce((total, value) => total + value, 0);
  /** @type {(place: (i: number) => number) => number} */
  const middle = (place) => scaled.values.reduce((total, value, i) => total + value * place(i), 0) / sum;
  /** @type {(whole: number, centre: number, side: number) => number} */
  const start = (whole, centre, side) => Math.max(0, Math.min(whole - side, even((whole - 1) / 2 - centre)));
  const y0 = start(
    height,
    middle((i) => Math.floor(i / scaled.width)),
    scaled.height,
  );
  const x0 = start(
    width,
    middle((i) => i % scaled.width),
    scaled.width,
  );
  const placed = new Float64Array(width * height);
  scaled.values.forEach((value, i) => {
    placed[(y0 + Math.floor(i / scaled.width)) * width + x0 + (i % scaled.width)] = value;
  });
  return { width, height, values: placed };
}

/**
 * Rounded, halves to the even number.
 * @param {number} value
 */
const even = (value) => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

/**
 * @param {Grey} image
 * @param {number} top
 * @param {number} left
 * @param {number} height
 * @param {number} width
 * @returns {Grey}
 */
function cropped(image, top, left, height, width) {
  const values = Float64Array.from({ length: width * height }, (_, i) => {
    return image.values[(top + Math.floor(i / width)) * image.width + left + (i % width)];
  });
  return { width, height, values };
}

/**
 * Another size, by Lanczos' filter, as wide as what becomes one pixel: across, then down.
 * @param {Grey} image
 * @param {number} height
 * @param {number} width
 * @returns {Grey}
 */
export function resized(image, height, width) {
  const across = filters(image.width, width);
  const wide = new Float64Array(image.height * width);
  for (let y = 0; y < image.height; y++) {
    across.forEach((taps, x) => {
      wide[y * width + x] = byte(
        taps.reduce((sum, [at, weight]) => sum + weight * image.values[y * image.width + at], 0),
      );
    });
  }
  const values = new Float64Array(height * width);
  filters(image.height, height).forEach((taps, y) => {
    for (let x = 0; x < width; x++) {
      values[y * width + x] = byte(
        taps.reduce((sum, [at, weight]) => sum + weight * wide[at * width + x], 0),
      );
    }
  });
  return { width, height, values };
}

/** @param {number} value */
const byte = (value) => Math.max(0, Math.min(255, Math.round(value)));

/**
 * For each of `to` pixels those of `from` that make it, with weights that add up to 1.
 * @param {number} from
 * @param {number} to
 * @returns {[number, number][][]}
 */
function filters(from, to) {
  const scale = from / to;
  const spread = Math.max(1, scale);
  return Array.from({ length: to }, (_, place) => {
    const centre = (place + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - LOBES * spread + 0.5));
    const last = Math.min(from, Math.floor(centre + LOBES * spread + 0.5));
    /** @type {[number, number][]} */
    const taps = [];
    for (let at = first; at < last; at++) taps.push([at, lanczos((at - centre + 0.5) / spread)]);
    const sum = taps.reduce((total, [, weight]) => total + weight, 0);
    return taps.map(([at, weight]) => [at, weight / sum]);
  });
}

/** @param {number} x */
function lanczos(x) {
  if (x === 0) return 1;
  if (Math.abs(x) >= LOBES) return 0;
  const turn = Math.PI * x;
  return (LOBES * Math.sin(turn) * Math.sin(turn / LOBES)) / turn ** 2;
}
