// A small paper that shows an image and can be drawn over.

import { contextOf, element, oncePerFrame } from "../shared/elements.js";
import { putPicture, showFitted } from "../shared/pixels.js";
import { drawTo, onPaper, paint, WHITE } from "../shared/strokes.js";

/** @typedef {import("../shared/strokes.js").Stroke} Stroke */

const SIDE = 196; // CSS pixels of the longer side, where there is room
const PEN = 80; // thousandths of the width

export class Pad {
  /** @type {Stroke[]} */
  strokes = [];
  /** @type {Stroke | null} the one being drawn */
  #stroke = null;
  #shows = false; // an image, and not what was drawn

  #canvas = element("canvas", { class: "pad", role: "img", width: 28, height: 28 });
  #caption = element("figcaption");
  root = element("figure", { class: "given" }, this.#canvas, this.#caption);
  #draw = oncePerFrame(() => this.#paint());

  /**
   * @param {boolean} isPaper whether it can be drawn on
   * @param {(strokes: Stroke[], isDone: boolean) => void} onDraw
   */
  constructor(isPaper, onDraw) {
    this.onDraw = onDraw;
    if (isPaper) this.#listen();
  }

  /**
   * Show an image; the next stroke begins a drawing of its own.
   * @param {import("../shared/pixels.js").Images} images
   * @param {string} words
   */
  show(images, words) {
    this.#shows = true;
    this.strokes = [];
    putPicture(this.#canvas, images);
    showFitted(this.#canvas, SIDE);
    this.#name(words);
  }

  /**
   * Show a drawing.
   * @param {Stroke[]} strokes
   * @param {number} aspect the paper's height over its width
   * @param {string} words
   */
  showDrawing(strokes, aspect, words) {
    if (this.#stroke) return; // an answer to what is being drawn: the paper knows better
    this.strokes = strokes;
    this.#size(aspect);
    this.#name(words);
    this.#draw();
  }

  /**
   * An empty paper.
   * @param {number} aspect
   * @param {string} words
   */
  clear(aspect, words) {
    this.showDrawing([], aspect, words);
  }

  /** @param {number} aspect */
  #size(aspect) {
    const ratio = window.devicePixelRatio || 1;
    this.#shows = false;
    const width = SIDE / Math.max(1, aspect);
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(width * aspect * ratio);
    showFitted(this.#canvas, SIDE);
  }

  /** @param {string} words */
  #name(words) {
    this.#caption.textContent = words;
    this.#canvas.setAttribute("aria-label", words);
  }

  #all() {
    return this.#stroke ? [...this.strokes, this.#stroke] : this.strokes;
  }

  #paint() {
    paint(contextOf(this.#canvas), this.#all());
  }

  #listen() {
    const canvas = this.#canvas;
    canvas.classList.add("paper");
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button || this.#stroke) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      if (this.#shows) this.#size(canvas.height / canvas.width);
      this.#stroke = { width: PEN, ink: WHITE, points: this.#where(event) };
      this.#told(false);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.#stroke) return;
      const each = event.getCoalescedEvents?.() ?? [];
      for (const point of each.length ? each : [event]) drawTo(this.#stroke, this.#where(point));
      this.#told(false);
    });
    for (const end of /** @type {const} */ (["pointerup", "pointercancel"])) {
      canvas.addEventListener(end, () => {
        if (!this.#stroke) return;
        this.strokes = this.#all();
        this.#stroke = null;
        this.#told(true);
      });
    }
  }

  /** @param {boolean} isDone */
  #told(isDone) {
    this.#draw();
    this.onDraw(this.#all(), isDone);
  }

  /** @param {MouseEvent} event */
  #where(event) {
    const box = this.#canvas.getBoundingClientRect();
    const border = this.#canvas.clientLeft;
    return onPaper(
      event.clientX - box.left - border,
      event.clientY - box.top - border,
      this.#canvas.clientWidth,
    );
  }

  /**
   * What the controls start from: a drawing as it was drawn, and all else as it is decoded.
   * @param {import("./state.js").State} state
   * @param {import("./state.js").FirstData} data
   * @param {readonly Stroke[] | undefined} strokes
   * @param {import("../shared/pixels.js").Images} images
   */
  showStart({ start, item }, { aspect, kind, narrow, paper }, strokes, images) {
    if (start === "own" && strokes?.length) {
      this.showDrawing([...strokes], aspect, narrow ? "your drawing, decoded" : "your drawing; draw on it");
      return;
    }
    const words = { own: `your ${kind.one}`, item: `${kind.one} ${item}`, prior: "a draw of the prior" };
    this.show(images, `${words[start]}, decoded${paper && !narrow ? "; or draw here" : ""}`);
  }

  destroy() {
    this.#draw.cancel();
  }
}
