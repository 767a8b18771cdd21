// The dots of a map, written straight into pixel memory, which stays smooth at 70,000 points without WebGL.

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
 * What is stamped: items in `spans` of `order`, their places and classes, and which classes are shown.
 * @typedef {object} Items
 * @property {[number, number][]} spans
 * @property {Uint32Array} order
 * @property {ArrayLike<number>} xs
 * @property {ArrayLike<number>} ys
 * @property {ArrayLike<number>} classes
 * @property {readonly boolean[]} isShown
 */

/**
 * Stamp a dot for each item whose class is shown and, where there is a selection, that is in it. `solid` holds a pixel for each class.
 * Items at the border, whose dot would be cut, are left out.
 *
 * @param {{width: number, height: number, pixels: Uint32Array}} image
 * @param {Dot} dot
 * @param {readonly number[]} solid
 * @param {Items} items
 * @param {{left: number, top: number, scale: number}} to where the plane's origin lies in the image
 * @param {ArrayLike<number> | null} selected
 */
export function stamp({ width, height, pixels }, dot, solid, items, to, selected) {
  const { spans, order, xs, ys, classes, isShown } = items;
  const { reach, full, rim, covers } = dot;
  const { redBlue, green } = rims(dot, solid);
  const right = width - reach;
  const bottom = height - reach;
  const edge = rim.length;
  for (const [from, end] of spans) {
    for (let k = from; k < end; k++) {
      const i = order[k];
      const c = classes[i];
      if (!isShown[c] || (selected !== null && !selected[i])) continue;
      const px = Math.round(to.left + xs[i] * to.scale);
      const py = Math.round(to.top - ys[i] * to.scale);
      if (px < reach || py < reach || px >= right || py >= bottom) continue;
      const at = py * width + px;
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
    }
  }
}
