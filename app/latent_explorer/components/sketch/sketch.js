// A paper to draw on. The strokes are the drawing: they are reported after each of them, drawn again from what Python hands
// back when one returns to the page, and undone one by one.

import { pageDecoder } from "../shared/decoder.js";
import { contextOf, element, oncePerFrame, say } from "../shared/elements.js";
import { putPicture } from "../shared/pixels.js";
import { UNIT } from "../shared/protocol.js";
import { BLACK, drawTo, moved, onPaper, paint, WHITE } from "../shared/strokes.js";

/**
 * @typedef {import("../shared/strokes.js").Point} Point
 * @typedef {import("../shared/strokes.js").Stroke} Stroke
 */

/**
 * What the script sends.
 * @typedef {object} SketchData
 * @property {Stroke[]} strokes
 * @property {number} aspect the paper's height over its width
 * @property {string} title
 * @property {{model: string, betas: Record<string, number>, latents: string[], centre: boolean} | null} decoder
 */

/** @typedef {import("../shared/mounting.js").Call<SketchData>} SketchCall */

const WIDTH = 224; // CSS pixels of the paper
const CHANNEL = "sketch";
const PEN = { min: 30, value: 80, max: 180, step: 10 };
const STEP = { far: 25, near: 5 };
/** @type {Record<string, Point>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {string} text
 * @param {Record<string, string>} attributes
 */
const tool = (text, attributes) => element("button", { type: "button", class: "tool", ...attributes }, text);

export class Sketch {
  /** @type {Stroke | null} the one being drawn */
  #stroke = null;
  /** @type {number | null} the mouse, pen or finger that draws it */
  #pointer = null;
  #ink = WHITE;
  #touched = false;
  /** @type {Point} */
  #at = [UNIT / 2, UNIT / 2];
  #decoder = pageDecoder();

  #canvas = element("canvas", { class: "paper", tabindex: 0, role: "application" });
  #context = contextOf(this.#canvas);
  #nib = element("div", { class: "nib", hidden: true });
  #pen = tool("Pen", { "aria-pressed": "true" });
  #eraser = tool("Eraser", { "aria-pressed": "false" });
  #undo = tool("Undo", { title: "Take the last stroke back (Backspace)" });
  #clear = tool("Clear", { title: "Start anew (Escape)" });
  #width = element("input", { type: "range", ...PEN });
  #picture = element("canvas", {
    role: "img",
    "aria-label": "What the model makes of the drawing",
    width: 28,
    height: 28,
  });
  #decoded = element(
    "figure",
    { class: "decoded", hidden: true },
    this.#picture,
    element("figcaption", {}, "decoded"),
  );
  #draw = oncePerFrame(() => this.#paint());

  /**
   * @param {ParentNode} parent
   * @param {SketchCall} call
   */
  constructor(parent, { data, setStateValue }) {
    this.data = data;
    this.setStateValue = setStateValue;
    this.strokes = data.strokes;
    this.root = element(
      "div",
      { class: "sketch", "data-ready": "true" },
      element("div", { class: "desk" }, this.#canvas, this.#nib),
      element(
        "div",
        { class: "tools", role: "toolbar", "aria-label": "Drawing" },
        this.#pen,
        this.#eraser,
        element("label", { class: "width" }, "Width", this.#width),
        this.#undo,
        this.#clear,
        this.#decoded,
      ),
    );
    parent.append(this.root);
    this.#listen();
    this.#resize();
    this.#draw();
  }

  /** @param {SketchCall} call */
  update({ data, setStateValue }) {
    const { aspect } = this.data;
    this.data = data;
    this.setStateValue = setStateValue;
    this.#canvas.setAttribute(
      "aria-label",
      `${data.title}. Draw with mouse, pen or finger; or arrow keys move, Space puts the pen down and lifts it, ` +
        "Backspace undoes, Escape clears.",
    );
    if (data.aspect !== aspect) this.#resize();
    // A paper that was just put back may be told of its strokes only afterwards; once drawn on, it knows better than its echo.
    if (!this.#touched) this.strokes = data.strokes;
    this.#draw();
  }

  /** The paper in the resolution of the screen. */
  #resize() {
    const ratio = window.devicePixelRatio || 1;
    const height = Math.round(WIDTH * this.data.aspect);
    this.#canvas.style.width = `${WIDTH}px`;
    this.#canvas.style.height = `${height}px`;
    this.#canvas.width = Math.round(WIDTH * ratio);
    this.#canvas.height = Math.round(height * ratio);
  }

  #paint() {
    paint(this.#context, this.#all());
    this.#undo.disabled = this.#clear.disabled = !this.strokes.length;
    this.root.dataset.strokes = String(this.strokes.length);
    this.#decode();
  }

  /** What the model makes of the drawing so far, while it is made. */
  #decode() {
    const strokes = this.#all();
    const { decoder } = this.data;
    if (!strokes.length || !decoder) {
      this.#decoder.withdraw(CHANNEL);
      this.#decoded.hidden = true;
      return;
    }
    const { model, betas, latents, centre } = decoder;
    this.#decoder.ask(CHANNEL, { model, betas, drawing: { strokes, latents, centre } }, (answer) => {
      this.#decoded.hidden = "error" in answer || !this.#all().length;
      if ("error" in answer) return;
      putPicture(this.#picture, answer);
      this.root.dataset.decoded = String(Number(this.root.dataset.decoded ?? 0) + 1);
    });
  }

  #all() {
    return this.#stroke ? [...this.strokes, this.#stroke] : this.strokes;
  }

  // ---- pointer

  #listen() {
    const canvas = this.#canvas;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button || this.#pointer !== null) return;
      event.preventDefault();
      canvas.focus(/** @type {FocusOptions} */ ({ preventScroll: true, focusVisible: false }));
      canvas.setPointerCapture(event.pointerId);
      this.#lift();
      this.#pointer = event.pointerId;
      this.#down(this.#where(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.#pointer !== null && event.pointerId !== this.#pointer) return;
      this.#showNib(this.#where(event));
      if (this.#pointer === null) return;
      const each = event.getCoalescedEvents?.() ?? [];
      for (const point of each.length ? each : [event]) this.#to(this.#where(point));
    });
    for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
      canvas.addEventListener(end, (event) => {
        if (event.pointerId !== this.#pointer) return;
        this.#pointer = null;
        this.#lift();
        if (event.pointerType === "touch") this.#nib.hidden = true;
      });
    }
    canvas.addEventListener("pointerleave", () => (this.#nib.hidden = true));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && this.#showNib(this.#at));
    canvas.addEventListener("blur", () => {
      this.#lift();
      this.#nib.hidden = true;
    });
    this.#pen.onclick = () => this.#take(WHITE);
    this.#eraser.onclick = () => this.#take(BLACK);
    this.#undo.onclick = () => this.#change(this.strokes.slice(0, -1));
    this.#clear.onclick = () => this.#change([]);
  }

  /** @param {MouseEvent} event */
  #where(event) {
    const box = this.#canvas.getBoundingClientRect();
    const border = this.#canvas.clientLeft;
    return onPaper(event.clientX - box.left - border, event.clientY - box.top - border, WIDTH);
  }

  /** @param {number} ink */
  #take(ink) {
    this.#lift();
    this.#ink = ink;
    say(this.#pen, "pressed", ink === WHITE);
    say(this.#eraser, "pressed", ink === BLACK);
  }

  /** @param {Point} point */
  #down([x, y]) {
    this.#touched = true;
    this.#stroke = { width: Number(this.#width.value), ink: this.#ink, points: [x, y] };
    this.#showNib([x, y]);
    this.#draw();
  }

  /** @param {Point} point */
  #to(point) {
    if (this.#stroke && drawTo(this.#stroke, point)) this.#draw();
  }

  #lift() {
    if (!this.#stroke) return;
    const strokes = [...this.strokes, this.#stroke];
    this.#stroke = null;
    this.#nib.classList.remove("down");
    this.#change(strokes);
  }

  /** @param {Stroke[]} strokes */
  #change(strokes) {
    this.#stroke = null;
    this.#touched = true;
    this.strokes = strokes;
    this.#draw();
    this.setStateValue("drawing", strokes);
  }

  /** @param {Point} point */
  #showNib([x, y]) {
    this.#at = [x, y];
    const size = (Number(this.#width.value) / UNIT) * WIDTH;
    const border = this.#canvas.clientLeft;
    const { style, classList } = this.#nib;
    style.left = `${(x / UNIT) * WIDTH + border}px`;
    style.top = `${(y / UNIT) * WIDTH + border}px`;
    style.width = style.height = `${size}px`;
    classList.toggle("down", this.#stroke !== null && this.#pointer === null);
    this.#nib.hidden = false;
  }

  // ---- keyboard

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { key, shiftKey, ctrlKey, metaKey } = event;
    if (key in ARROWS) this.#step(ARROWS[key], shiftKey ? STEP.near : STEP.far);
    else if (key === " ") this.#dip();
    else if (key === "Backspace" || (key === "z" && (ctrlKey || metaKey))) this.#takeBack();
    else if (key === "Escape" || key === "Delete") this.#clear.click();
    else return;
    if (!this.#nib.hidden || key in ARROWS || key === " ") this.#showNib(this.#at);
    event.preventDefault();
    event.stopPropagation(); // Streamlit has shortcuts of its own
  }

  /** Put the pen down, or lift it. */
  #dip() {
    if (this.#stroke) this.#lift();
    else this.#down(this.#at);
  }

  /** Drop the stroke being drawn, or else the last one. */
  #takeBack() {
    if (this.#stroke) this.#change(this.strokes);
    else this.#undo.click();
  }

  /**
   * @param {Point} direction
   * @param {number} far
   */
  #step(direction, far) {
    this.#at = moved(this.#at, direction, far, this.data.aspect);
    if (this.#stroke) this.#to(this.#at);
  }

  destroy() {
    this.#draw.cancel();
    this.#decoder.withdraw(CHANNEL);
    this.root.remove();
  }
}
