// What pointer and keys do on one map: drags select or move it, a click opens, keys do the same.

import { itemAfter, itemAt, REACH, weightsAt } from "./pointing.js";
import { boxOf, simplify } from "./polygons.js";
import { factorOf, Hint, zooms } from "./wheel.js";

/**
 * @typedef {import("./panel.js").Panel} Panel
 * @typedef {import("./polygons.js").Point} Point
 * @typedef {{kind: "pinch"} | {kind: "pan", start: Point, moved?: boolean}
 *   | {kind: "lasso" | "box", start: Point, moved?: boolean, path: Point[]}} Gesture
 */

const CLICK_SLOP = 4; // CSS pixels a press may wander and still be a click
const DOUBLE_CLICK_MS = 250;
const STEP = 40; // CSS pixels by which an arrow key moves the map
const MARGIN = 30; // CSS pixels from the rim that an item keeps when keys go to it

export const KEYS =
  "Keys: arrows move, + and - zoom, 0 fits, Shift and arrows go from image to image, Enter opens, " +
  "A selects what is in view, Escape clears. Ctrl or ⌘ and the wheel zoom.";

export class Gestures {
  /** @type {Map<number, Point>} pressed pointers, for telling a pinch from a drag */
  #pointers = new Map();
  /** @type {Gesture | null} */
  #gesture = null;
  #clearing = 0; // timer of a click on empty space, which a second click turns into "fit"
  #hint = new Hint();

  /** @param {Panel} panel */
  constructor(panel) {
    this.panel = panel;
    this.map = panel.map;
    this.plot = panel.plot;
    this.plot.append(this.#hint.root);
    this.#listen();
  }

  get isBox() {
    return this.#gesture?.kind === "box";
  }

  /** @returns {readonly Point[] | null} the corners of the outline in progress, on the screen */
  get path() {
    const gesture = this.#gesture;
    if (!gesture || !("path" in gesture)) return null;
    return gesture.kind === "box"
      ? boxOf(gesture.path[0], gesture.path[gesture.path.length - 1])
      : gesture.path;
  }

  /** The selection being drawn as a polygon in data coordinates, or null while it is but a line. */
  get polygon() {
    const { path, panel } = this;
    if (!path || path.length < 3) return null;
    const outline = this.isBox ? path : simplify(path);
    return outline.length < 3 ? null : panel.rounded(outline.map((place) => panel.toData(place)));
  }

  /** Forget a gesture in progress, and return whether there was one. */
  cancel() {
    const gesture = this.#gesture;
    if (!gesture) return false;
    this.#end();
    if ("path" in gesture) this.map.endPreview();
    return true;
  }

  remove() {
    clearTimeout(this.#clearing);
    this.#hint.hide();
  }

  #listen() {
    const { plot, panel } = this;
    /** @type {<Type extends keyof HTMLElementEventMap>(type: Type, handle: (event: HTMLElementEventMap[Type]) => void) => void} */
    const listen = (type, handle) => plot.addEventListener(type, (event) => panel.view && handle(event));
    listen("pointerdown", (event) => this.#press(event));
    listen("pointermove", (event) => this.#move(event));
    listen("pointerup", (event) => this.#release(event));
    listen("pointercancel", (event) => {
      this.#pointers.delete(event.pointerId);
      this.cancel();
    });
    listen("pointerleave", () => this.#gesture || this.map.leave());
    listen("blur", () => this.map.leave());
    listen("mousedown", (event) => event.button === 1 && event.preventDefault()); // no autoscroll
    listen("dblclick", () => {
      clearTimeout(this.#clearing);
      panel.fit();
    });
    listen("keydown", (event) => this.#key(event));
    plot.addEventListener("wheel", (event) => panel.view && this.#wheel(event), { passive: false });
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    if (!zooms(event, this.plot.matches(":focus"))) return this.#hint.show();
    event.preventDefault();
    this.#hint.hide();
    this.panel.zoom(factorOf(event), this.#position(event));
    this.#hoverAt(event);
  }

  /**
   * @param {MouseEvent} event
   * @returns {Point}
   */
  #position(event) {
    const box = this.plot.getBoundingClientRect();
    return [event.clientX - box.left - this.plot.clientLeft, event.clientY - box.top - this.plot.clientTop];
  }

  /** @param {PointerEvent} event */
  #press(event) {
    if (event.button > 1) return;
    clearTimeout(this.#clearing);
    this.plot.setPointerCapture(event.pointerId);
    const at = this.#position(event);
    this.#pointers.set(event.pointerId, at);
    this.map.leave();
    if (this.#pointers.size === 2) {
      this.cancel();
      this.#gesture = { kind: "pinch" };
    } else if (this.#pointers.size === 1) {
      const tool = event.button === 1 || event.shiftKey ? "pan" : this.map.tool;
      this.#gesture = tool === "pan" ? { kind: tool, start: at } : { kind: tool, start: at, path: [at] };
      this.plot.classList.toggle("grabbing", tool === "pan");
    }
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const gesture = this.#gesture;
    if (!gesture) return this.#hoverAt(event);
    const last = this.#pointers.get(event.pointerId);
    if (!last) return;
    const at = this.#position(event);
    if (gesture.kind === "pinch") this.#pinch(event.pointerId, last, at);
    else {
      gesture.moved ||= Math.hypot(at[0] - gesture.start[0], at[1] - gesture.start[1]) > CLICK_SLOP;
      if (gesture.kind === "pan") {
        if (!gesture.moved) return; // keep `last`, so that the first few pixels are not lost
        this.panel.pan(at[0] - last[0], at[1] - last[1]);
      } else {
        const [x, y] = gesture.path[gesture.path.length - 1];
        if (gesture.kind === "box") gesture.path = [gesture.start, at];
        else if (Math.hypot(at[0] - x, at[1] - y) >= 2) gesture.path.push(at);
        if (gesture.moved) this.map.previewSelection(this.panel);
        this.panel.drawOver();
      }
    }
    this.#pointers.set(event.pointerId, at);
  }

  /**
   * @param {number} pointer
   * @param {Point} last
   * @param {Point} at
   */
  #pinch(pointer, last, at) {
    const [other] = [...this.#pointers].filter(([id]) => id !== pointer).map(([, position]) => position);
    if (!other) return;
    /** @type {(place: Point) => number} */
    const spread = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]);
    this.panel.pan((at[0] - last[0]) / 2, (at[1] - last[1]) / 2);
    this.panel.zoom(spread(at) / Math.max(1, spread(last)), [(at[0] + other[0]) / 2, (at[1] + other[1]) / 2]);
  }

  /** @param {PointerEvent} event */
  #release(event) {
    const gesture = this.#gesture;
    this.#pointers.delete(event.pointerId);
    if (!gesture || (gesture.kind === "pinch" && this.#pointers.size)) return;
    const { polygon } = this;
    this.#end();
    if (gesture.kind === "pinch") return;
    if (!gesture.moved) this.#click(event, gesture.start);
    else if ("path" in gesture) this.map.finishSelection(this.panel, polygon);
  }

  #end() {
    this.#gesture = null;
    this.plot.classList.remove("grabbing");
    this.panel.drawOver();
  }

  /**
   * @param {PointerEvent} event
   * @param {Point} at
   */
  #click(event, at) {
    const item = itemAt(this.panel, at, REACH[/** @type {keyof typeof REACH} */ (event.pointerType)]);
    if (item >= 0) this.map.openItem(item);
    else this.#clearing = window.setTimeout(() => this.map.clearSelection(), DOUBLE_CLICK_MS);
  }

  /** @param {MouseEvent} event */
  #hoverAt(event) {
    if (event instanceof PointerEvent && event.pointerType === "touch") return;
    const at = this.#position(event);
    const { panel } = this;
    this.map.point(
      panel,
      { item: itemAt(panel, at), weights: weightsAt(panel, at), at: panel.toData(at) },
      event.clientX,
      event.clientY,
    );
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { panel, map } = this;
    /** @type {(dx: number, dy: number) => void} */
    const move = (dx, dy) => (event.shiftKey ? this.#step([dx, -dy]) : panel.pan(-STEP * dx, -STEP * dy));
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowLeft: () => move(-1, 0),
      ArrowRight: () => move(1, 0),
      ArrowUp: () => move(0, -1),
      ArrowDown: () => move(0, 1),
      "+": () => panel.zoom(1.25),
      "=": () => panel.zoom(1.25),
      "-": () => panel.zoom(0.8),
      0: () => panel.fit(),
      a: () => map.finishSelection(panel, panel.outlineInView()),
      Enter: () => (map.hover >= 0 ? map.openItem(map.hover) : this.#step(null)),
      Escape: () => this.#escape(),
    };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!(key in actions)) return;
    actions[key]();
    event.preventDefault();
    event.stopPropagation(); // Streamlit has shortcuts of its own
  }

  /** Leave what is being drawn; else the selection, and the map, so that the wheel scrolls the page again. */
  #escape() {
    if (this.cancel()) return;
    this.map.clearSelection();
    this.plot.blur();
  }

  /**
   * Move the cursor to the next item in a direction; where there is no cursor yet, to the item nearest to the middle.
   * @param {Point | null} direction
   */
  #step(direction) {
    const { map, panel } = this;
    const item = itemAfter(panel, map.hover, direction);
    if (item < 0) return;
    const [x, y] = panel.placeOf(item);
    /** @type {(at: number, size: number) => number} */
    const outside = (at, size) => Math.max(0, MARGIN - at) + Math.min(0, size - MARGIN - at);
    const [dx, dy] = [outside(x, panel.width), outside(y, panel.height)];
    if (dx || dy) panel.pan(dx, dy);
    const box = this.plot.getBoundingClientRect();
    const { points } = panel;
    const here = {
      item,
      weights: /** @type {[number, number][]} */ ([[item, 1]]),
      at: /** @type {Point} */ ([points.x[item], points.y[item]]),
    };
    map.point(panel, here, box.left + x + dx, box.top + y + dy);
    map.speak(`${map.nameOf(item)}, at ${points.x[item].toFixed(2)}, ${points.y[item].toFixed(2)}`);
  }
}
