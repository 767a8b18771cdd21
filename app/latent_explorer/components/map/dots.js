// The dots of a map, written straight into pixel memory, which stays smooth at a million points without WebGL.

/**
 * A dot for an image of one width: offsets of the pixels that it fills, and of those at its rim with how much of each it
 * covers, from 1 to 255 of 256.
 * @typedef {{reach: number, full: Int32Array, rim: Int32Array, covers: Int32Array}} Dot
 */

/**
 * @param {number} radius
 * @param {number} width of the image
 * @returns {Dot}
 */
export function disc(radius, width) {
  const reach = Math.ceil(radius);
  /** @type {number[][]} */
  const [full, rim, covers] = [[], [], []];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const cover = Math.round(256 * Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(dx, dy))));
      if (cover > 255) full.push(dy * width + dx);
      else if (cover) {
        rim.push(dy * width + dx);
        covers.push(cover);
      }
    }
  }
  return { reach, full: Int32Array.from(full), rim: Int32Array.from(rim), covers: Int32Array.from(covers) };
}

/**
 * The same without a soft rim: each pixel is filled or not, which takes a third of the time.
 * @param {Dot} dot
 * @returns {Dot}
 */
export function hard({ reach, full, rim, covers }) {
  const filled = Int32Array.from([...full, ...rim.filter((_, k) => covers[k] >= 128)]);
  return { reach, full: filled, rim: Int32Array.of(), covers: Int32Array.of() };
}

/**
 * The rim of a dot in each colour, red and blue in one number and green in another, times how much it covers.
 * @param {Dot} dot
 * @param {readonly number[]} solid
 */
function rims({ covers }, solid) {
  const redBlue = new Int32Array(solid.length * covers.length);
  const green = new Int32Array(redBlue.length);
  solid.forEach((colour, c) =>
    covers.forEach((cover, k) => {
      redBlue[c * covers.length + k] = Math.imul(colour & 0xff00ff, cover);
      green[c * covers.length + k] = Math.imul(colour & 0xff00, cover);
    }),
  );
  return { redBlue, green };
}

/**
 * What is stamped: items in `spans` of `order`, their places, those of item `order[k]` at k where they are `sorted` and else at its
 * number, their classes, and which classes are shown.
 * @typedef {object} Items
 * @property {[number, number][]} spans
 * @property {number} step every so manieth item of a span, 1 for all
 * @property {Uint32Array} order
 * @property {ArrayLike<number>} xs
 * @property {ArrayLike<number>} ys
 * @property {boolean} sorted
 * @property {ArrayLike<number>} classes
 * @property {readonly boolean[]} isShown
 */

/** @typedef {{width: number, height: number, pixels: Uint32Array}} Image */
/** @typedef {{left: number, top: number, scaleX: number, scaleY: number}} To where the places' origin lies in an image, and pixels a unit */

export const MANY = 100_000; // items, beyond which those on one pixel are one dot

/**
 * Stamp a dot for each item whose class is shown and, where there is a selection, that is in it. `solid` holds a pixel for each class.
 * Items at the border, whose dot would be cut, are left out. Many items are one dot a pixel, in the colour of the last of them: a dot
 * costs more than to look where it goes, and those below are not seen.
 *
 * @param {Image} image
 * @param {Dot} dot
 * @param {readonly number[]} solid
 * @param {Items} items
 * @param {To} to
 * @param {ArrayLike<number> | null} selected
 */
export function stamp(image, dot, solid, items, to, selected) {
  const paint = painter(image.pixels, dot, solid);
  const count = items.spans.reduce((sum, [from, end]) => sum + (end - from) / items.step, 0);
  const tops = count > MANY ? new Uint16Array(image.width * image.height) : null; // of each pixel the class, from 1 on
  visit(image, dot, items, to, selected, tops, paint);
  if (!tops) return;
  for (let at = 0; at < tops.length; at++) {
    const top = tops[at];
    if (top) paint(at, top - 1);
  }
}

/**
 * Put the class of each item that is seen where it lies, or call `paint(pixel, class)`.
 * @param {Image} image
 * @param {Dot} dot
 * @param {Items} items
 * @param {To} to
 * @param {ArrayLike<number> | null} selected
 * @param {Uint16Array | null} tops
 * @param {(at: number, c: number) => void} paint
 */
function visit({ width, height }, { reach }, items, to, selected, tops, paint) {
  const { spans, step, order, xs, ys, sorted, classes } = items;
  const isShown = Uint8Array.from(items.isShown, Number);
  const { left, top, scaleX, scaleY } = to;
  const right = width - reach;
  const bottom = height - reach;
  for (const [from, end] of spans) {
    for (let k = from; k < end; k += step) {
      const i = order[k];
      const c = classes[i];
      if (!isShown[c] || (selected !== null && !selected[i])) continue;
      const p = sorted ? k : i;
      // Rounded: numbers below zero, which this would not round, are beyond the border.
      const px = (left + xs[p] * scaleX + 0.5) | 0;
      const py = (top - ys[p] * scaleY + 0.5) | 0;
      if (px < reach || py < reach || px >= right || py >= bottom) continue;
      if (tops) tops[py * width + px] = c + 1;
      else paint(py * width + px, c);
    }
  }
}

/**
 * What stamps one dot, in the colour of a class, round a pixel.
 * @param {Uint32Array} pixels
 * @param {Dot} dot
 * @param {readonly number[]} solid
 * @returns {(at: number, c: number) => void}
 */
function painter(pixels, dot, solid) {
  const { full, rim, covers } = dot;
  const { redBlue, green } = rims(dot, solid);
  const edge = rim.length;
  return (at, c) => {
    const colour = solid[c];
    for (let j = 0; j < full.length; j++) pixels[at + full[j]] = colour;
    // The rim blends with what is there.
    for (let j = 0, own = c * edge; j < edge; j++, own++) {
      const p = at + rim[j];
      const there = pixels[p];
      const rest = 256 - covers[j];
      pixels[p] =
        0xff000000 |
        (((Math.imul(there & 0xff00ff, rest) + redBlue[own]) >>> 8) & 0xff00ff) |
        (((Math.imul(there & 0xff00, rest) + green[own]) >>> 8) & 0xff00);
    }
  };
}
