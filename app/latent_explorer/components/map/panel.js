// One map: its view and its two canvases. What the panels share lives in `LatentMap`, what the pointer does in `Gestures`.
//
// What changes with the pointer (rings, outlines) is drawn on a second canvas above, so hovering never repaints points.

import { contextOf, element, oncePerFrame, sizeCanvas } from "../shared/elements.js";
import { fileName, saveMenu } from "../shared/saving.js";
import { MANY } from "./dots.js";
import { isCrowd, pictureOf, stamping } from "./dotted.js";
import { Gestures, KEYS } from "./gestures.js";
import { Ground } from "./ground.js";
import { paintOver } from "./over.js";
import { paintPictures } from "./picturing.js";
import { spaced } from "./painting.js";
import { boxOf } from "./polygons.js";
import { mapPicture } from "./saving.js";
import { clear, pixel } from "./theme.js";
import { Travel } from "./travel.js";
import { Settling } from "./settling.js";
import { Underlay } from "./underlay.js";
import { boxInView, panned, rounded, toData, toScreen, wholeView, zoomed } from "./view.js";

/**
 * @typedef {import("./map.js").LatentMap} LatentMap
 * @typedef {import("./painting.js").Place} Place
 * @typedef {import("./points.js").Points} Points
 * @typedef {import("./polygons.js").Point} Point
 * @typedef {import("./view.js").Shape} Shape
 * @typedef {import("./view.js").View} View
 */

/**
 * Where every place of a panel is a code: the block and the dimension that each of its axes is, and whether these are all that their blocks have.
 * @typedef {{axes: [[string, number], [string, number]], whole: boolean}} Plane
 */

/**
 * What the script says of a panel.
 * @typedef {object} PanelData
 * @property {string} name
 * @property {string} title
 * @property {[string, string]} axes
 * @property {string[]} blocks the latents that a place of the map stands for
 * @property {Shape[]} shapes
 * @property {Point | null} guest the place of an image that is none of the items
 * @property {Plane | null} plane
 */

export const MOST_PICTURES = 150; // in view, beyond which they are dots
const PICTURE_SIDES = [
  [20, 64],
  [60, 48],
  [MOST_PICTURES, 34],
]; // up to so many in view: CSS pixels of each, with its frame

export class Panel {
  width = 0;
  height = 0;
  radius = 0; // of a dot, CSS pixels
  side = 0; // of a picture, CSS pixels
  /** @type {Place[]} the items that are shown as pictures */
  pictured = [];
  /** @type {View | null} null until there is something to paint on */
  view;
  /** @type {Shape[]} */
  shapes = [];
  /** @type {Point | null} */
  guest = null;
  /** @type {string[]} */
  blocks = [];
  /** @type {Plane | null} */
  plane = null;
  title = "";
  follows = false; // a handle of beta, away from where the script has put the items

  #travel; // where the items are drawn, on their way to new places
  #underlay = new Underlay();
  #settle = new Settling(() => this.drawPoints());
  #ratio = 1; // pixels of a CSS pixel on the canvas that is being painted
  /** @type {ImageData | null} */
  #image = null;

  /**
   * @param {LatentMap} map
   * @param {PanelData} data
   * @param {string | null} height
   * @param {Points} points
   * @param {View | null} view
   */
  constructor(map, data, height, points, view) {
    this.map = map;
    this.name = data.name;
    this.axes = data.axes;
    this.points = points;
    this.view = view;
    this.#travel = new Travel(points, (travels) => this.#onTravel(travels));
    this.ground = new Ground(this);
    this.heading = element("figcaption", { class: "title" });
    this.pointCanvas = element("canvas", { class: "points" });
    this.overCanvas = element("canvas", { class: "over" });
    this.plot = element(
      "div",
      { class: "plot", tabindex: 0, role: "application", style: height ? `--height:${height}` : null },
      this.ground.canvas,
      this.pointCanvas,
      this.overCanvas,
    );
    this.root = element(
      "figure",
      { class: "panel saveable", "data-panel": data.name },
      this.heading,
      element("span", { class: "axis vertical" }, data.axes[1]),
      this.plot,
      element("span", { class: "axis horizontal" }, data.axes[0]),
      saveMenu(
        () => fileName(`${map.data.decoder?.model ?? "map"} ${this.name}`),
        () => mapPicture(this),
      ),
    );
    this.drawPoints = oncePerFrame(() => this.#paintPoints());
    this.drawOver = oncePerFrame(() => this.#paintOver());
    this.gestures = new Gestures(this);
    this.resize = new ResizeObserver(() => this.#fitCanvas());
    this.resize.observe(this.plot);
  }

  remove() {
    this.resize.disconnect();
    this.drawPoints.cancel();
    this.drawOver.cancel();
    this.#settle.cancel();
    this.#travel.cancel();
    this.ground.remove();
    this.gestures.remove();
    this.root.remove();
  }

  /**
   * @param {Points} points
   * @param {PanelData} data
   * @param {View | null} view where the user was in another frame
   */
  setData(points, { title, shapes, guest, blocks, plane }, view) {
    const before = this.points;
    this.points = points;
    this.shapes = shapes;
    this.guest = guest;
    this.blocks = blocks;
    this.plane = plane;
    if (points === before && this.follows) this.#travel.stand(points);
    this.follows = false;
    if (points !== before) {
      if (points.sharesFrame(before) && points.count <= MANY) {
        this.root.dataset.travelling = "true";
        this.#travel.to(points);
      } else {
        this.view = view;
        this.#travel.stand(points);
      }
    }
    this.heading.textContent = this.title = title;
    const total = points.count.toLocaleString("en");
    this.plot.setAttribute(
      "aria-label",
      `${this.title}: ${this.map.words(`map of ${total} images. ${KEYS}`)}`,
    );
    this.draw();
  }

  /**
   * The items at the betas of a handle that moves. Outlines, which are made anew at each beta, wait for the script.
   * @param {import("./travel.js").Places} places
   * @param {string} title
   */
  follow(places, title) {
    this.follows = true;
    this.#travel.at(places);
    this.heading.textContent = title;
    delete this.root.dataset.travelling;
    this.draw();
  }

  /** The handle has come back to where the script has put the items. */
  stand() {
    this.follows = false;
    this.#travel.stand(this.points);
    this.heading.textContent = this.title;
    this.draw();
  }

  draw() {
    this.drawPoints();
    this.drawOver();
  }

  /** @param {boolean} travels */
  #onTravel(travels) {
    if (!travels) delete this.root.dataset.travelling;
    this.#paintPoints();
    this.#paintOver();
  }

  // ---- view

  /** The view of a panel that has been painted. */
  get #view() {
    return (this.view ??= this.#wholeView());
  }

  /** @param {Point} point */
  toScreen(point) {
    return toScreen(this.#view, this, point);
  }

  /** @param {Point} place */
  toData(place) {
    return toData(this.#view, this, place);
  }

  /** @param {number} item */
  placeOf(item) {
    return this.toScreen([this.#travel.shown.x[item], this.#travel.shown.y[item]]);
  }

  inView(margin = 0) {
    return boxInView(this.#view, this, margin);
  }

  /** What is in view as a selection. */
  outlineInView() {
    const { left, right, bottom, top } = this.inView();
    return this.rounded(boxOf([left, bottom], [right, top]));
  }

  /** CSS pixels of a unit of the plane. */
  get scale() {
    return this.#view.scale;
  }

  /** A length of the plane in CSS pixels. */
  onScreen(/** @type {number} */ length) {
    return length * this.#view.scale;
  }

  /** @param {readonly Point[]} polygon */
  rounded(polygon) {
    return rounded(polygon, this.#view.scale);
  }

  fit() {
    this.view = null;
    this.draw();
  }

  #wholeView() {
    return wholeView(this.points.bounds, this.shapes, this);
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.#setView(panned(this.#view, dx, dy));
  }

  /**
   * @param {number} factor
   * @param {Point} place
   */
  zoom(factor, place = [this.width / 2, this.height / 2]) {
    this.#setView(zoomed(this.#view, this, this.#wholeView().scale, factor, place));
  }

  /** @param {View} view */
  #setView(view) {
    this.view = view;
    this.#settle.start();
    this.draw();
    this.map.rememberView(this.name, view);
  }

  #fitCanvas() {
    this.width = this.plot.clientWidth;
    this.height = this.plot.clientHeight;
    if (this.view?.whole) this.view = null;
    // Resizing a canvas empties it; painting right away instead of in the next frame avoids a flash.
    this.#paintPoints();
    this.#paintOver();
  }

  /**
   * Prepare for painting; false while there is nothing to paint on.
   * @param {HTMLCanvasElement} canvas
   * @param {boolean} coarse where it does not matter how fine it is
   */
  #ready(canvas, coarse = false) {
    if (!this.width || !this.height) return false;
    this.#ratio = window.devicePixelRatio || 1;
    if (coarse && isCrowd(this.#scene)) this.#ratio = Math.min(1, this.#ratio);
    sizeCanvas(canvas, this.width, this.height, this.#ratio);
    const isNew = !this.view;
    const { cx, cy, scale } = this.#view;
    if (isNew) this.map.rememberView(this.name, this.#view);
    this.root.dataset.view = [cx, cy, scale].map((value) => value.toPrecision(9)).join(" ");
    return true;
  }

  // ---- painting

  #paintPoints() {
    // A crowd that moves is painted at one pixel a CSS pixel, whatever the screen has: four times as many take four times as long.
    if (!this.#ready(this.pointCanvas, this.#settle.pending || this.map.isPreviewing)) return;
    const started = performance.now();
    const { theme, selected, shown } = this.map;
    const { width, height } = this.pointCanvas;
    const context = contextOf(this.pointCanvas);
    if (this.#image?.width !== width || this.#image.height !== height)
      this.#image = new ImageData(width, height);
    const image = { width, height, pixels: new Uint32Array(this.#image.data.buffer) };
    const stamps = stamping(image, this.#scene, this.#ratio);
    const isMoving = this.#settle.pending;
    const paper = (this.ground.paint(this.#view, this.#ratio) ? clear : pixel)(theme.background);
    const paintAll = () => {
      image.pixels.fill(paper);
      stamps(selected ? theme.faded : theme.solid, null, isMoving);
    };
    if (selected) {
      const { left, top } = this.inView();
      const key = [width, height, left, top, this.#view.scale, theme.paper, paper, shown, isMoving].join();
      this.#underlay.fill(image.pixels, key, this.#travel.shown, paintAll);
      stamps(theme.solid, selected, isMoving || this.map.isPreviewing);
    } else paintAll();
    context.putImageData(this.#image, 0, 0);
    this.#paintPictures(context);
    this.root.dataset.drawMs = (performance.now() - started).toFixed(1);
  }

  /** What the dots are drawn from. */
  get #scene() {
    const { map, points } = this;
    const { shown, travels } = this.#travel;
    const closer = (this.#view.scale / this.#wholeView().scale) ** 0.2; // dots grow a little on the way in
    this.radius = Math.max(1.2, Math.min(3.5, 26 * points.count ** -0.27)) * Math.max(1, Math.min(2, closer));
    return {
      points,
      places: travels ? shown : null,
      classes: map.dataset.classes,
      isShown: map.shown,
      view: this.#view,
      size: this,
      radius: this.radius,
    };
  }

  /**
   * The dots in view as a picture, of `ratio` pixels a CSS pixel.
   * @param {number} ratio
   */
  dotsPicture(ratio) {
    return pictureOf(this.#scene, this.map.theme, this.map.selected, ratio);
  }

  /**
   * Pictures in place of dots, where few enough items are in view; those that would overlap another stay dots.
   * @param {CanvasRenderingContext2D} context
   */
  #paintPictures(context) {
    const { map, points } = this;
    const isOn = map.showPictures && map.decoder.online && (this.follows || !this.#travel.travels);
    const found = () => points.inView(this.inView(PICTURE_SIDES[0][1] / 2), MOST_PICTURES, map.isShown);
    const ridden = this.follows ? this.pictured.map(([item]) => item) : null; // those that are pictures stay so
    const items = isOn ? (ridden ?? found()) : null;
    if (!ridden) this.side = items ? (PICTURE_SIDES.find(([most]) => items.length <= most)?.[1] ?? 0) : 0;
    const places = (items ?? []).map((item) => /** @type {Place} */ ([item, ...this.placeOf(item)]));
    places.sort((a, b) => Number(b[0] === map.item) - Number(a[0] === map.item)); // the opened item is always among them
    const chosen = ridden ? places : spaced(places, this.side);
    map.pictures.want(
      this.name,
      chosen.map(([item]) => item),
    );
    this.pictured = chosen.filter(([item]) => map.pictures.of(item));
    this.root.dataset.pictures = String(this.pictured.length);
    if (!this.pictured.length) return;
    context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    paintPictures(context, map, this.pictured, places, this);
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  #paintOver() {
    if (!this.#ready(this.overCanvas)) return;
    const started = performance.now();
    const context = contextOf(this.overCanvas);
    context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    paintOver(context, this);
    if (this.guest) this.root.dataset.guest = this.guest.map((value) => value.toFixed(3)).join(" ");
    else delete this.root.dataset.guest;
    this.root.dataset.overMs = (performance.now() - started).toFixed(1);
  }
}
