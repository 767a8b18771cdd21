// The dots of a panel in an image: which of them, where, and how large.

import { contextOf, element } from "../shared/elements.js";
import { disc, hard, stamp } from "./dots.js";
import { clear } from "./theme.js";
import { boxInView } from "./view.js";

/**
 * @typedef {import("./dots.js").Image} Image
 * @typedef {import("./points.js").Points} Points
 * @typedef {import("./theme.js").Theme} Theme
 * @typedef {import("./travel.js").Places} Places
 * @typedef {import("./view.js").Size} Size
 * @typedef {import("./view.js").View} View
 */

/**
 * What is drawn.
 * @typedef {object} Scene
 * @property {Points} points
 * @property {Places | null} places where the items are on their way to others, null while they stand
 * @property {ArrayLike<number>} classes
 * @property {readonly boolean[]} isShown per class
 * @property {View} view
 * @property {Size} size
 * @property {number} radius of a dot, CSS pixels
 */

const CROWD = 120_000; // items in view, of which no more are drawn while something moves

/** @typedef {(colours: number[], selected?: Uint8Array | null, isMoving?: boolean) => void} Stamps */

/**
 * Spans of the items in view, or of all of them while they are on their way.
 * @param {Scene} scene
 * @returns {[number, number][]}
 */
function spansOf({ points, places, view, size }) {
  return places ? [[0, points.count]] : points.spans(boxInView(view, size));
}

/** @param {[number, number][]} spans */
const countOf = (spans) => spans.reduce((sum, [from, end]) => sum + end - from, 0);

/**
 * Whether so many items are in view that to paint all of them takes longer than a frame.
 * @param {Scene} scene
 */
export const isCrowd = (scene) => countOf(spansOf(scene)) > CROWD;

/**
 * What stamps a scene into an image of `ratio` pixels a CSS pixel: all items in view, or those that are selected; of a crowd every so
 * manieth, without soft rims, while something moves.
 * @param {Image} image
 * @param {Scene} scene
 * @param {number} ratio
 * @returns {Stamps}
 */
export function stamping(image, scene, ratio) {
  const { points, places, classes, isShown, view, radius } = scene;
  const spans = spansOf(scene);
  const count = countOf(spans);
  const { x0, y0, stepX, stepY } = places ? { x0: 0, y0: 0, stepX: 1, stepY: 1 } : points;
  const scale = view.scale * ratio;
  const to = {
    left: image.width / 2 + (x0 - view.cx) * scale,
    top: image.height / 2 - (y0 - view.cy) * scale,
    scaleX: stepX * scale,
    scaleY: stepY * scale,
  };
  const soft = disc(radius * ratio - 0.5, image.width);
  const { xs, ys } = places ? { xs: places.x, ys: places.y } : points.sorted;
  return (colours, selected = null, isMoving = false) => {
    const isThinned = isMoving && count > CROWD;
    const step = isThinned ? Math.ceil(count / CROWD) : 1;
    const dot = isThinned ? hard(soft) : soft;
    const items = { spans, step, order: points.order, xs, ys, sorted: !places, classes, isShown };
    stamp(image, dot, colours, items, to, selected);
  };
}

/**
 * A scene as a picture, of `ratio` pixels a CSS pixel, which what lies below shines through.
 * @param {Scene} scene
 * @param {Theme} theme
 * @param {Uint8Array | null} selected
 * @param {number} ratio
 */
export function pictureOf(scene, theme, selected, ratio) {
  const [width, height] = [Math.round(scene.size.width * ratio), Math.round(scene.size.height * ratio)];
  const data = new ImageData(width, height);
  const pixels = new Uint32Array(data.data.buffer).fill(clear(theme.background));
  const stamps = stamping({ width, height, pixels }, scene, ratio);
  stamps(selected ? theme.faded : theme.solid);
  if (selected) stamps(theme.solid, selected);
  const canvas = element("canvas", { width, height });
  contextOf(canvas).putImageData(data, 0, 0);
  return canvas;
}
