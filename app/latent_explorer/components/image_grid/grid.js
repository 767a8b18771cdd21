// A labelled grid of small pictures: labels are HTML in a CSS grid, all pictures share one canvas in its middle.

import { alike, Following } from "../shared/betas.js";
import {
  contextOf,
  element,
  offscreen,
  oncePerFrame,
  resize,
  sizeCanvas,
  themed,
} from "../shared/elements.js";
import { unpack } from "../shared/envelope.js";
import { fileName, saveMenu } from "../shared/saving.js";
import { shortened } from "../shared/words.js";
import { bitmap, cellAt, cellSize, collide, digest, GAP, stepped, within } from "./cells.js";
import { Enlarged } from "./enlarged.js";
import { Asking, putCells } from "./following.js";
import { FADED, savedGrid } from "./saved.js";

/**
 * @typedef {import("./cells.js").Cell} Cell
 * @typedef {import("../shared/mounting.js").Call<Uint8Array>} GridCall
 */

/**
 * The header of what the script sends; the pixels follow it.
 * @typedef {object} GridData
 * @property {number[]} shape rows, columns, height and width of a cell, channels
 * @property {string[]} rows
 * @property {string[]} columns
 * @property {string[] | null} notes below the labels of the rows
 * @property {number[]} faded rows that do not matter
 * @property {Cell[]} marks
 * @property {number | null} scale
 * @property {string} title
 * @property {boolean} clickable
 * @property {boolean} headed
 * @property {import("./following.js").FollowData | null} [follow] where it shows a model that answers to betas
 */

const MOST_LETTERS = 26; // of the name of a row
const TIGHT = 32; // CSS pixels of a row in which a label and its note have no room
const CRISP_FROM = 1.5; // hard edges from this factor on; below, uneven pixels look worse than soft ones

/** @type {GridData} */
const NOTHING = {
  shape: [0, 0, 0, 0, 0],
  rows: [],
  columns: [],
  notes: null,
  faded: [],
  marks: [],
  scale: null,
  title: "",
  clickable: false,
  headed: false,
};

export class ImageGrid {
  #data = NOTHING;
  /** @type {Uint8Array} as the script sent them */
  #sent = new Uint8Array();
  /** @type {Uint8Array} as they are shown */
  #shown = new Uint8Array();
  #following = new Following(
    () => this.#data.follow?.model ?? "",
    ({ betas }) => this.#follow(betas),
  );
  #asking = new Asking((cells, answer) => {
    if (putCells(this.#shown, this.#data.shape, cells, answer)) this.#showLater();
  });
  #showLater = oncePerFrame(() => this.#show());
  #structure = ""; // what the HTML around the canvas was made from
  /** @type {Cell} */
  #cursor = [0, 0];
  #cell = { width: 0, height: 0 };
  /** @type {HTMLElement[]} */
  #headers = [];
  /** @type {HTMLElement[]} */
  #labels = [];

  #canvas = element("canvas", { class: "cells" });
  #source = offscreen(1, 1); // all cells at their own resolution
  #heading = element("div", { class: "heading" });
  #frame = element("div", { class: "frame" });
  #scroller = element("div", { class: "scroller" }, this.#frame);
  #enlarged;
  #resize = new ResizeObserver(() => this.#paint());

  /**
   * @param {ParentNode} parent
   * @param {GridCall} call
   */
  constructor(parent, { setTriggerValue }) {
    this.setTriggerValue = setTriggerValue;
    const figure = () => this.#svg();
    /** @type {import("../shared/saving.js").FigureElement} */
    this.root = element("div", { class: "image-grid saveable", "data-ready": "false" });
    this.root.figure = figure; // for who saves it from elsewhere on the page
    const menu = saveMenu(() => fileName(this.#data.title), figure);
    this.root.append(this.#heading, this.#scroller, menu);
    parent.append(this.root);
    this.#enlarged = new Enlarged(
      this.root,
      () => this.#data,
      (canvas, r, c) => this.#drawCell(canvas, r, c),
    );
    this.#resize.observe(this.root);
    this.#resize.observe(document.documentElement); // pictures grow with the window
    this.#listen();
  }

  /**
   * Take in the arguments of a call: the first one, a rerun, or a change of theme.
   * @param {GridCall} call
   */
  update({ data, setTriggerValue }) {
    const started = performance.now();
    this.setTriggerValue = setTriggerValue;
    /** @type {{header: GridData, arrays: Uint8Array[]}} */
    const { header, arrays } = /** @type {any} */ (unpack(data));
    const [pixels] = arrays;
    this.#data = header;
    this.#cursor = within(this.#cursor, header.shape);
    this.#stand(pixels);
    this.#build();
    this.#show();
    this.#following.again();
    this.root.dataset.digest = digest(pixels);
    this.root.dataset.drawMs = (performance.now() - started).toFixed(1);
    this.root.dataset.ready = "true";
  }

  // ---- betas

  /**
   * Show what the script sent, and nothing that was asked for.
   * @param {Uint8Array} pixels
   */
  #stand(pixels) {
    this.#asking.stop();
    this.#showLater.cancel();
    this.#sent = pixels;
    this.#shown = pixels.slice();
    this.root.classList.remove("follows", "of-betas", "behind");
  }

  /**
   * A handle of beta moves: ask for the cells at its betas, where they are in view. What cannot be asked for is pale until the script runs.
   * @param {import("../shared/betas.js").BetasOf} betas
   */
  #follow(betas) {
    const { follow } = this.#data;
    if (!follow) return;
    if (alike(betas, follow.betas)) {
      this.#stand(this.#sent);
      return this.#show();
    }
    const { top, bottom } = this.root.getBoundingClientRect();
    const isSeen = bottom > 0 && top < window.innerHeight;
    this.root.classList.toggle("behind", !follow.asks.length || !isSeen);
    this.root.classList.toggle("of-betas", follow.ofBetas);
    this.root.classList.add("follows");
    if (isSeen) this.#asking.ask(follow, betas);
  }

  #show() {
    this.#readPixels(this.#shown);
    this.#paint();
    this.#enlarged.again(); // it follows the slider too
    this.root.dataset.shown = String(Number(this.root.dataset.shown ?? 0) + 1);
  }

  /** @param {Uint8Array} pixels */
  #readPixels(pixels) {
    const { shape } = this.#data;
    const [R, C, H, W] = shape;
    const { canvas, context } = this.#source;
    const image = new ImageData(C * W, R * H);
    new Uint32Array(image.data.buffer).set(bitmap(pixels, shape));
    resize(canvas, C * W, R * H);
    context.putImageData(image, 0, 0);
  }

  /** Write labels and headers, unless those that are there will do. */
  #build() {
    const { rows, columns, notes, faded, title, headed, clickable, shape } = this.#data;
    const [R, C] = shape;
    const structure = JSON.stringify([rows, columns, notes, faded, title, headed, clickable, R, C]);
    if (structure === this.#structure) return;
    this.#structure = structure;
    this.#heading.textContent = headed ? title : "";
    const heads = shortened(columns, MOST_LETTERS);
    this.#headers = columns.map((text, c) =>
      element(
        "div",
        { class: "header", style: `grid-area:1/${c + 2}`, "data-column": c, title: text },
        heads[c],
      ),
    );
    const names = shortened(rows, MOST_LETTERS);
    this.#labels = rows.map((text, r) => {
      const look = {
        class: faded.includes(r) ? "label faded" : "label",
        style: `grid-area:${r + 2}/1`,
        "data-row": r,
      };
      const label = element("div", look, element("span", { class: "name", title: text }, names[r]));
      if (notes?.[r]) label.append(element("span", { class: "note" }, notes[r]));
      return label;
    });
    this.#canvas.style.gridArea = `2/2/${R + 2}/${C + 2}`;
    const about = `${title}. ${R} rows: ${rows.join(", ")}.${C > 1 ? ` ${C} columns.` : ""}`;
    const keys = clickable ? " Arrow keys move, Enter chooses a picture." : "";
    this.#canvas.setAttribute("aria-label", about + keys);
    this.#canvas.setAttribute("role", "img");
    if (clickable) this.#canvas.tabIndex = 0;
    else this.#canvas.removeAttribute("tabindex");
    this.#canvas.classList.toggle("clickable", clickable);
    this.#frame.replaceChildren(...this.#headers, ...this.#labels, this.#canvas);
  }

  #paint() {
    if (!this.#structure || !this.root.clientWidth) return;
    const { shape, scale, faded, marks, clickable } = this.#data;
    const [R, C, H, W] = shape;
    // The label column takes the width of its text, whatever the size of the cells.
    const size = () =>
      cellSize(shape, scale, this.root.clientWidth - this.#labels[0].offsetWidth, window.innerHeight);
    this.root.classList.remove("tight");
    this.#cell = size();
    if (this.#cell.height + GAP < TIGHT) {
      this.root.classList.add("tight");
      this.#cell = size(); // without notes, labels are narrower
    }
    const { width, height } = this.#cell;
    this.#frame.style.gridTemplateColumns = `max-content repeat(${C}, ${width + GAP}px)`;
    const header = this.#headers.length ? "auto" : "0";
    this.#frame.style.gridTemplateRows = `${header} repeat(${R}, ${height + GAP}px)`;
    this.#showHeaders(width + GAP);
    const ratio = window.devicePixelRatio || 1;
    const [fullWidth, fullHeight] = [C * (width + GAP), R * (height + GAP)];
    this.#canvas.style.width = `${fullWidth}px`;
    this.#canvas.style.height = `${fullHeight}px`;
    const context = contextOf(this.#canvas);
    sizeCanvas(this.#canvas, fullWidth, fullHeight, ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, fullWidth, fullHeight);
    context.imageSmoothingEnabled = (width * ratio) / W < CRISP_FROM;
    for (let r = 0; r < R; r++) {
      context.globalAlpha = faded.includes(r) ? FADED : 1;
      for (let c = 0; c < C; c++) {
        const [x, y] = this.#corner(r, c);
        context.drawImage(this.#source.canvas, c * W, r * H, W, H, x, y, width, height);
      }
    }
    context.globalAlpha = 1;
    context.strokeStyle = themed(this.root, "primary-color", "#ff4b4b");
    context.lineWidth = GAP;
    const isOld = this.root.matches(".follows.of-betas"); // the marks are of other betas
    for (const [r, c] of isOld ? [] : marks) this.#outline(context, r, c);
    if (clickable && this.#canvas.matches(":focus-visible")) {
      context.strokeStyle = themed(this.root, "text-color", "#222222");
      context.setLineDash([4, 3]);
      this.#outline(context, ...this.#cursor);
      context.setLineDash([]);
    }
  }

  /**
   * Headers beside each other: the first may reach over the labels, others over columns without a name; where one then lies on another,
   * all are turned, so that each column keeps its name.
   * @param {number} step from one column to the next, CSS pixels
   */
  #showHeaders(step) {
    this.#frame.classList.remove("turned");
    const widths = this.#headers.map((header) => {
      header.classList.remove("wide");
      return header.textContent ? header.scrollWidth : 0;
    });
    widths.forEach((width, c) => this.#headers[c].classList.toggle("wide", width > step));
    this.#frame.classList.toggle("turned", collide(widths, step));
  }

  /**
   * @param {number} r
   * @param {number} c
   */
  #corner(r, c) {
    return [c * (this.#cell.width + GAP) + GAP / 2, r * (this.#cell.height + GAP) + GAP / 2];
  }

  /**
   * Outline a cell in the gap around it, so that nothing of the picture is covered.
   * @param {CanvasRenderingContext2D} context
   * @param {number} r
   * @param {number} c
   */
  #outline(context, r, c) {
    const [x, y] = this.#corner(r, c);
    context.strokeRect(x, y, this.#cell.width, this.#cell.height);
  }

  // ---- saving

  #svg() {
    this.#scroller.scrollLeft = 0; // or the labels, which stay in sight, would lie on the pictures
    return savedGrid({
      data: this.#data,
      size: this.#cell,
      root: this.root,
      frame: this.#frame,
      canvas: this.#canvas,
      headers: this.#headers,
      labels: this.#labels,
      corner: (r, c) => this.#corner(r, c),
      draw: (canvas, r, c) => this.#drawCell(canvas, r, c),
    });
  }

  /**
   * A cell in its own resolution.
   * @param {HTMLCanvasElement} canvas
   * @param {number} r
   * @param {number} c
   */
  #drawCell(canvas, r, c) {
    const [, , H, W] = this.#data.shape;
    canvas.width = W; // also where it has that width: it empties the canvas
    canvas.height = H;
    contextOf(canvas).drawImage(this.#source.canvas, c * W, r * H, W, H, 0, 0, W, H);
  }

  // ---- pointer and keyboard

  #listen() {
    const canvas = this.#canvas;
    this.#enlarged.listen(canvas, (event) => this.#cellAt(event));
    canvas.addEventListener("click", (event) => {
      const cell = this.#cellAt(event);
      if (this.#data.clickable && cell) this.#choose(cell);
    });
    canvas.addEventListener("focus", () => this.#paint());
    canvas.addEventListener("blur", () => this.#paint());
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {MouseEvent} event */
  #cellAt(event) {
    const box = this.#canvas.getBoundingClientRect();
    return cellAt(event.clientX - box.left, event.clientY - box.top, this.#cell, this.#data.shape);
  }

  /** @param {Cell} cell */
  #choose(cell) {
    this.#cursor = cell;
    this.#paint();
    this.setTriggerValue("cell", cell);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const next = stepped(event.key, this.#cursor, this.#data.shape);
    if (next) {
      this.#cursor = next;
      this.#paint();
    } else if (event.key === "Enter" || event.key === " ") this.#choose(this.#cursor);
    else return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit has shortcuts of its own
  }

  destroy() {
    this.#resize.disconnect();
    this.#asking.stop();
    this.#following.end();
    this.#showLater.cancel();
    this.#enlarged.destroy();
    this.root.remove();
  }
}
