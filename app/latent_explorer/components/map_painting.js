// How a map looks: dots written straight into pixel memory, which stays smooth at 70,000 points without WebGL, and what
// lies over them.

const FADE = 0.84;             // how far points outside the selection move towards the background

/** Read any CSS colour as [red, green, blue]. */
const rgb = (() => {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  return (colour) => {
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.subarray(0, 3)];
  };
})();

const mix = (from, to, share) => from.map((value, i) => Math.round(value + (to[i] - value) * share));

/** A pixel as the 32-bit number that image memory holds on little-endian machines, i.e. everywhere. */
const pixel = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

// ---- dots

/**
 * A dot of the given radius for an image of the given width: offsets of the pixels that it fills, and of those at its
 * rim with how much of each it covers, from 1 to 255 of 256.
 */
function disc(radius, width) {
  const reach = Math.ceil(radius), full = [], rim = [], covers = [];
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

/** The rim of a dot in each colour, red and blue in one number and green in another, times how much it covers. */
function rims({ covers }, solid) {
  const redBlue = new Int32Array(solid.length * covers.length), green = new Int32Array(redBlue.length);
  solid.forEach((colour, c) => covers.forEach((cover, k) => {
    redBlue[c * covers.length + k] = Math.imul(colour & 0xff00ff, cover);
    green[c * covers.length + k] = Math.imul(colour & 0xff00, cover);
  }));
  return { redBlue, green };
}

/**
 * Stamp a dot for each item of `spans` (into `order`) whose class is shown and, where there is a selection, that is in it.
 * `solid` holds a pixel for each class. Items at the border, whose dot would be cut, are left out.
 */
function stamp({ width, height, pixels }, dot, solid, { spans, order, xs, ys, classes, isShown }, to, selected) {
  const { reach, full, rim, covers } = dot, { redBlue, green } = rims(dot, solid);
  const right = width - reach, bottom = height - reach, edge = rim.length;
  for (const [from, end] of spans) {
    for (let k = from; k < end; k++) {
      const i = order[k], c = classes[i];
      if (!isShown[c] || (selected !== null && !selected[i])) continue;
      const px = Math.round(to.left + xs[i] * to.scale), py = Math.round(to.top - ys[i] * to.scale);
      if (px < reach || py < reach || px >= right || py >= bottom) continue;
      const at = py * width + px, colour = solid[c];
      for (let j = 0; j < full.length; j++) pixels[at + full[j]] = colour;
      for (let j = 0, own = c * edge; j < edge; j++, own++) {  // the rim blends with what is there
        const p = at + rim[j], there = pixels[p], rest = 256 - covers[j];
        pixels[p] = 0xff000000
          | (((Math.imul(there & 0xff00ff, rest) + redBlue[own]) >>> 8) & 0xff00ff)
          | (((Math.imul(there & 0xff00, rest) + green[own]) >>> 8) & 0xff00);
      }
    }
  }
}

// ---- what lies over the dots, on a context scaled to CSS pixels

function strokeOnHalo(context, theme, colour, width, dashes = []) {
  context.lineWidth = width + 2.5;
  context.strokeStyle = theme.paper;
  context.stroke();
  context.setLineDash(dashes);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
  context.setLineDash([]);
}

/** The corners of a star about (x, y). */
function star(x, y) {
  return Array.from({ length: 10 }, (_, corner) => {
    const radius = corner % 2 ? 4.5 : 11, angle = (Math.PI * corner) / 5 - Math.PI / 2;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
}

/** The visitor's own image: a star, which no item looks like. */
function paintStar(context, theme, [x, y]) {
  context.beginPath();
  star(x, y).forEach((corner) => context.lineTo(...corner));
  context.closePath();
  context.lineWidth = 4;
  context.strokeStyle = theme.paper;
  context.stroke();
  context.fillStyle = theme.primary;
  context.fill();
  context.lineWidth = 1.2;
  context.strokeStyle = theme.text;
  context.stroke();
}

/** The outline of a Gaussian: a prior's is solid, a posterior's dashed and lightly filled. `place` is `{at, radii, tilt}`. */
function paintEllipse(context, theme, { at: [x, y], radii: [a, b], tilt, colour, isPosterior }) {
  context.beginPath();
  context.ellipse(x, y, a, b, -tilt, 0, 2 * Math.PI);
  if (isPosterior) {
    context.save();
    context.globalAlpha = 0.16;
    context.fillStyle = colour;
    context.fill();
    context.restore();
  }
  strokeOnHalo(context, theme, colour, isPosterior ? 1.5 : 2, isPosterior ? [3, 3] : []);
}

const LABEL_FONT = "600 13px";
const LABEL_LINE = 18;

/** Where labels `{text, at}` go: each at its place, or moved down rather than printed over another. */
function spread(context, theme, labels) {
  context.font = `${LABEL_FONT} ${theme.font}`;
  const taken = [];
  for (const { text, at: [x, middle] } of labels) {
    const half = context.measureText(text).width / 2 + 3;
    const clash = (y) => taken.find((box) => Math.abs(box.x - x) < box.half + half && Math.abs(box.y - y) < LABEL_LINE);
    let y = middle;
    for (let box = clash(y); box; box = clash(y)) y = box.y + LABEL_LINE + 1;  // the 1 outweighs rounding, so this ends
    taken.push({ text, x, y, half });
  }
  return taken;
}

function paintLabels(context, theme, labels) {
  const placed = spread(context, theme, labels);
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const { text, x, y } of placed) {
    context.lineWidth = 5;
    context.strokeStyle = theme.paper;
    context.strokeText(text, x, y);
    context.fillStyle = theme.text;
    context.fillText(text, x, y);
  }
}

/** An outline that selects, dashed to tell it from a prior; the one that is kept is in the colour of the text. */
function paintOutline(context, theme, path, { closed = true, colour = theme.primary } = {}) {
  if (!closed) {  // its last edge is thinner while it is being drawn
    context.beginPath();
    context.moveTo(...path.at(-1));
    context.lineTo(...path[0]);
    context.lineWidth = 1;
    context.strokeStyle = colour;
    context.stroke();
  }
  context.beginPath();
  path.forEach(([x, y]) => context.lineTo(x, y));
  if (closed) context.closePath();
  strokeOnHalo(context, theme, colour, 2, [7, 5]);
}

/** A dot in the item's colour inside a ring. */
function paintRing(context, theme, [x, y], colour, radius, line) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  strokeOnHalo(context, theme, theme.text, line);
}

/** The opened item: a ring with four ticks, which no dot and no hover ring looks like. */
function paintOpened(context, theme, [x, y], colour) {
  context.beginPath();
  context.arc(x, y, 9, 0, 2 * Math.PI);
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(x + 9 * dx, y + 9 * dy);
    context.lineTo(x + 15 * dx, y + 15 * dy);
  }
  strokeOnHalo(context, theme, theme.text, 2.5);
  paintRing(context, theme, [x, y], colour, 4, 1.5);
}

// ---- pictures in place of dots

/** Those of `places` `[item, x, y]` whose pictures of this side do not overlap, the first ones first. */
function spaced(places, side) {
  const taken = [];
  for (const place of places) {
    const [, x, y] = place;
    if (taken.every(([, tx, ty]) => Math.abs(tx - x) >= side || Math.abs(ty - y) >= side)) taken.push(place);
  }
  return taken;
}

/** A dot on a picture that is not its own, with a thin rim that tells it from the pixels. */
function paintDot(context, theme, [x, y], colour, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.lineWidth = 0.7;
  context.strokeStyle = theme.paper;
  context.stroke();
}

/** A picture centred at (x, y) in a frame of the class's colour; `side` counts the frame. */
function paintPicture(context, theme, picture, x, y, side, colour, opacity) {
  const half = side / 2, line = 2;
  context.fillStyle = theme.paper;
  context.fillRect(x - half, y - half, side, side);  // nothing shines through what is pale
  context.globalAlpha = opacity;
  context.imageSmoothingEnabled = side < 1.5 * picture.width;
  const factor = (side - 2 * line) / Math.max(picture.width, picture.height), w = picture.width * factor, h = picture.height * factor;
  context.drawImage(picture, x - w / 2, y - h / 2, w, h);
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.strokeRect(x - half + line / 2, y - half + line / 2, side - line, side - line);
  context.globalAlpha = 1;
}
