// What lies over the dots of a map, on a context scaled to CSS pixels.

import { fitting } from "../shared/pixels.js";

/**
 * @typedef {import("./polygons.js").Point} Point
 * @typedef {import("./theme.js").Theme} Theme
 * @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Context
 * @typedef {{at: Point, radii: Point, tilt: number, colour: string, isPosterior: boolean, label: string}} Oval an ellipse on the screen
 * @typedef {{rings: Point[][], colour: string, label: string}} Lines the outlines of a region on the screen
 * @typedef {Oval | Lines} Outline
 * @typedef {{text: string, at: Point}} Label
 */

/**
 * Stroke the path with a halo that tells it from what lies below.
 * @param {Context} context
 * @param {Theme} theme
 * @param {string} colour
 * @param {number} width
 * @param {number[]} dashes
 */
export function strokeOnHalo(context, theme, colour, width, dashes = []) {
  context.lineWidth = width + 2.5;
  context.strokeStyle = theme.paper;
  context.stroke();
  context.setLineDash(dashes);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke();
  context.setLineDash([]);
}

/**
 * The corners of a star about (x, y).
 * @param {number} x
 * @param {number} y
 * @returns {Point[]}
 */
export function star(x, y) {
  return Array.from({ length: 10 }, (_, corner) => {
    const radius = corner % 2 ? 4.5 : 11;
    const angle = (Math.PI * corner) / 5 - Math.PI / 2;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
}

/**
 * The visitor's own image: a star, which no item looks like.
 * @param {Context} context
 * @param {Theme} theme
 * @param {Point} at
 */
export function paintStar(context, theme, [x, y]) {
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

/**
 * The outline of a prior, solid, or of a posterior, dashed and lightly filled.
 * @param {Context} context
 * @param {Theme} theme
 * @param {Outline} outline
 */
export function paintShape(context, theme, outline) {
  if ("rings" in outline) paintRings(context, theme, outline);
  else paintEllipse(context, theme, outline);
}

/**
 * @param {Context} context
 * @param {Theme} theme
 * @param {Lines} lines
 */
function paintRings(context, theme, { rings, colour, label }) {
  context.beginPath();
  for (const [first, ...rest] of rings) {
    context.moveTo(...first);
    rest.forEach((corner) => context.lineTo(...corner));
    context.closePath();
  }
  if (label) return strokeOnHalo(context, theme, colour, 2);
  context.save(); // one within another, which has no name: thin, since among many dots both as bold hide them
  context.globalAlpha = 0.7;
  context.setLineDash([4, 3]);
  context.lineWidth = 1;
  context.strokeStyle = colour;
  context.stroke();
  context.restore();
}

/**
 * @param {Context} context
 * @param {Theme} theme
 * @param {Oval} oval
 */
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
export const LABEL_LINE = 18;

/**
 * Where labels go: each at its place, or moved down rather than printed over another.
 * @param {Context} context
 * @param {Theme} theme
 * @param {Label[]} labels
 */
export function spread(context, theme, labels) {
  context.font = `${LABEL_FONT} ${theme.font}`;
  /** @type {{text: string, x: number, y: number, half: number}[]} */
  const taken = [];
  const width = context.canvas ? context.canvas.width / (context.getTransform().a || 1) : Infinity;
  for (const {
    text,
    at: [place, middle],
  } of labels) {
    const half = context.measureText(text).width / 2 + 3;
    // A label whose place is in view is in view as a whole.
    const isSeen = place >= 0 && place <= width && 2 * half <= width;
    const x = isSeen ? Math.min(width - half, Math.max(half, place)) : place;
    /** @type {(y: number) => typeof taken[number] | undefined} */
    const clash = (y) =>
      taken.find((box) => Math.abs(box.x - x) < box.half + half && Math.abs(box.y - y) < LABEL_LINE);
    let y = middle;
    for (let box = clash(y); box; box = clash(y)) y = box.y + LABEL_LINE + 1; // the 1 outweighs rounding, so this ends
    taken.push({ text, x, y, half });
  }
  return taken;
}

/**
 * @param {Context} context
 * @param {Theme} theme
 * @param {Label[]} labels
 */
export function paintLabels(context, theme, labels) {
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

/**
 * An outline that selects, dashed to tell it from a prior; the one that is kept is in the colour of the text.
 * @param {Context} context
 * @param {Theme} theme
 * @param {readonly Point[]} path
 * @param {{closed?: boolean, colour?: string}} look
 */
export function paintOutline(context, theme, path, { closed = true, colour = theme.primary } = {}) {
  if (!closed) {
    // Its last edge is thinner while it is being drawn.
    context.beginPath();
    context.moveTo(...path[path.length - 1]);
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

/**
 * A dot in the item's colour inside a ring.
 * @param {Context} context
 * @param {Theme} theme
 * @param {Point} at
 * @param {string} colour
 * @param {number} radius
 * @param {number} line
 */
export function paintRing(context, theme, [x, y], colour, radius, line) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  strokeOnHalo(context, theme, theme.text, line);
}

/**
 * The opened item: a ring with four ticks, which no dot and no hover ring looks like.
 * @param {Context} context
 * @param {Theme} theme
 * @param {Point} at
 * @param {string} colour
 */
export function paintOpened(context, theme, [x, y], colour) {
  context.beginPath();
  context.arc(x, y, 9, 0, 2 * Math.PI);
  for (const [dx, dy] of [
    [1, 0],
    [-1, 0],
    [0, 1],
    [0, -1],
  ]) {
    context.moveTo(x + 9 * dx, y + 9 * dy);
    context.lineTo(x + 15 * dx, y + 15 * dy);
  }
  strokeOnHalo(context, theme, theme.text, 2.5);
  paintRing(context, theme, [x, y], colour, 4, 1.5);
}

// ---- pictures in place of dots

/** @typedef {[number, number, number]} Place an item and where it is on the screen */

/**
 * Those of `places` whose pictures of this side do not overlap, the first ones first.
 * @param {readonly Place[]} places
 * @param {number} side
 */
export function spaced(places, side) {
  /** @type {Place[]} */
  const taken = [];
  for (const place of places) {
    const [, x, y] = place;
    if (taken.every(([, tx, ty]) => Math.abs(tx - x) >= side || Math.abs(ty - y) >= side)) taken.push(place);
  }
  return taken;
}

/**
 * A dot on a picture that is not its own, with a thin rim that tells it from the pixels.
 * @param {Context} context
 * @param {Theme} theme
 * @param {Point} at
 * @param {string} colour
 * @param {number} radius
 */
export function paintDot(context, theme, [x, y], colour, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.lineWidth = 0.7;
  context.strokeStyle = theme.paper;
  context.stroke();
}

/**
 * A picture centred at a place in a frame of the class's colour; `side` counts the frame.
 * @param {Context} context
 * @param {Theme} theme
 * @param {OffscreenCanvas} picture
 * @param {Point} at
 * @param {number} side
 * @param {string} colour
 * @param {number} opacity
 */
export function paintPicture(context, theme, picture, [x, y], side, colour, opacity) {
  const line = 2;
  const { width, height } = fitting(picture, side - 2 * line);
  const [wide, high] = [width + 2 * line, height + 2 * line];
  context.fillStyle = theme.paper;
  context.fillRect(x - wide / 2, y - high / 2, wide, high); // nothing shines through what is pale
  context.globalAlpha = opacity;
  context.imageSmoothingEnabled = side < 1.5 * picture.width;
  context.drawImage(picture, x - width / 2, y - height / 2, width, height);
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.strokeRect(x - (wide - line) / 2, y - (high - line) / 2, wide - line, high - line);
  context.globalAlpha = 1;
}
