// The ground of a map whose places are codes: the whole plane decoded, as pictures of a grid of points, faint enough that dots stay readable.

import { contextOf, element, sizeCanvas } from "../shared/elements.js";
import { fitting, putPicture } from "../shared/pixels.js";
import { MOST_ROWS } from "../shared/protocol.js";
import { trim } from "./pictures.js";
import { blocksOf, codesAt } from "./plane.js";
import { boxInView, toScreen } from "./view.js";

/**
 * @typedef {import("./panel.js").Panel} Panel
 * @typedef {import("./points.js").Weighted} Weighted
 * @typedef {import("./view.js").Size} Size
 * @typedef {import("./view.js").View} View
 * @typedef {{key: string, x: number, y: number}} Tile a point of the plane
 * @typedef {{step: number, rise: number, tiles: Tile[]}} Grid its points, and how far they lie apart, across and upwards
 */

const LEAST = 40; // CSS pixels of a picture; at most twice as many
const CACHED = 3000; // pictures
const GAP = 2; // CSS pixels between two of them
const FAINT = 0.25; // of a picture; 1 is as it is

/**
 * The points whose pictures fill a view. They stand at multiples of a power of two, so that the same ones serve while the view moves, and
 * every other one when it is twice as far.
 * @param {View} view
 * @param {Size} size
 * @param {number} [aspect] height over width of a picture
 * @returns {Grid}
 */
export function gridOf(view, size, aspect = 1) {
  const level = Math.ceil(Math.log2(LEAST / view.scale));
  const step = 2 ** level;
  const rise = step * Math.min(1, aspect);
  const { left, right, bottom, top } = boxInView(view, size);
  /** @type {(from: number, to: number, each: number) => number[]} */
  const between = (from, to, each) => {
    const first = Math.round(from / each);
    return Array.from({ length: Math.round(to / each) - first + 1 }, (_, i) => first + i);
  };
  const rows = between(bottom, top, rise);
  const tiles = between(left, right, step).flatMap((column) =>
    rows.map((row) => ({ key: `${level} ${column} ${row}`, x: column * step, y: row * rise })),
  );
  return { step, rise, tiles };
}

export class Ground {
  canvas = element("canvas", { class: "ground" });
  /** @type {Map<string, OffscreenCanvas>} by tile */
  #pictures = new Map();
  #of = ""; // the model, betas and item that the pictures are of
  #aspect = 1; // of its pictures, once there are some
  #busy = false;
  /** @type {Grid | null} what was shown whole last, which stays until the next is there */
  #shown = null;
  #channel;

  /** @param {Panel} panel */
  constructor(panel) {
    this.panel = panel;
    this.#channel = `ground-${panel.name}-${Math.random().toString(36).slice(2)}`;
  }

  /** Whether there is a ground to show. */
  get isOn() {
    const { plane, map } = this.panel;
    const { decoder } = map.data;
    return Boolean(plane?.whole && map.showPlane && decoder && decoder.between !== false);
  }

  /**
   * Paint what is there, and ask for what is not. Returns whether there is a ground.
   * @param {View} view
   * @param {number} ratio pixels of a CSS pixel
   */
  paint(view, ratio) {
    const { panel, canvas } = this;
    canvas.hidden = !this.isOn;
    if (!this.isOn) return false;
    this.#check();
    const grid = gridOf(view, panel, this.#aspect);
    const missing = grid.tiles.filter(({ key }) => !this.#pictures.has(key));
    if (missing.length) this.#fetch(missing.slice(0, MOST_ROWS));
    else this.#shown = grid;
    sizeCanvas(canvas, panel.width, panel.height, ratio);
    const context = contextOf(canvas);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, panel.width, panel.height);
    context.globalAlpha = FAINT;
    for (const each of this.#shown && this.#shown !== grid ? [this.#shown, grid] : [grid])
      this.#paint(context, view, each);
    panel.root.dataset.ground = String(grid.tiles.length - missing.length);
    return true;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {View} view
   * @param {Grid} grid
   */
  #paint(context, view, { step, rise, tiles }) {
    const [side, high] = [step * view.scale, rise * view.scale];
    for (const { key, x, y } of tiles) {
      const picture = this.#pictures.get(key);
      if (!picture) continue;
      const [px, py] = toScreen(view, this.panel, [x, y]);
      const { width, height } = fitting(picture, side - GAP);
      context.clearRect(px - side / 2, py - high / 2, side, high); // nothing of what was there shines through
      context.imageSmoothingEnabled = side < 1.5 * picture.width;
      context.drawImage(picture, px - width / 2, py - height / 2, width, height);
    }
  }

  /** Pictures of another model, of other betas, or of the rest of another item are forgotten. */
  #check() {
    const { plane, map } = this.panel;
    const rest = map.data.decoder?.latents.some((latent) => !blocksOf(plane).includes(latent)) ?? false;
    const of = JSON.stringify([map.data.decoder, plane, rest ? this.#companion : 0]);
    if (of === this.#of) return;
    this.#of = of;
    this.#pictures.clear();
    this.#shown = null;
  }

  /** The item that gives what the plane does not say. */
  get #companion() {
    return Math.max(0, this.panel.map.item);
  }

  /** @param {Tile[]} tiles */
  #fetch(tiles) {
    const { plane, map } = this.panel;
    const { decoder } = map.data;
    if (this.#busy || !map.decoder.online || !plane || !decoder) return;
    this.#busy = true;
    const of = this.#of;
    const own = blocksOf(plane);
    const below = own.flatMap((block) => decoder.below?.[block] ?? []);
    const others = decoder.latents.filter((latent) => !own.includes(latent) && !below.includes(latent));
    const rest = tiles.map(() => /** @type {Weighted[]} */ ([[this.#companion, 1]]));
    const request = {
      model: decoder.model,
      betas: decoder.betas,
      codes: codesAt(plane, tiles),
      mix: Object.fromEntries(others.map((latent) => [latent, rest])),
    };
    map.decoder.ask(this.#channel, request, (answer) => {
      this.#busy = false;
      if ("error" in answer) return; // the ground stays as it is
      if (of === this.#of && this.#isOf(answer))
        tiles.forEach(({ key }, number) => {
          const picture = new OffscreenCanvas(1, 1);
          putPicture(picture, answer, number);
          this.#pictures.set(key, picture);
        });
      trim(this.#pictures, CACHED);
      this.panel.drawPoints();
    });
  }

  /**
   * Whether pictures have the height over width that the grid is of; it is of theirs from now on.
   * @param {{shape: number[]}} answer
   */
  #isOf({ shape: [, height, width] }) {
    const aspect = height / width;
    if (aspect === this.#aspect) return true;
    this.#aspect = aspect;
    this.#pictures.clear();
    this.#shown = null;
    return false;
  }

  remove() {
    this.panel.map.decoder.withdraw(this.#channel);
    this.#pictures.clear();
  }
}
