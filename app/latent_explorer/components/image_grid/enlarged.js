// The cell under the pointer, enlarged, with its row and column in words.

import { element } from "../shared/elements.js";
import { Tooltip } from "../shared/tooltip.js";

/** @typedef {import("./cells.js").Cell} Cell */

const SIDE = 168; // CSS pixels of the longer side of a picture
const LOOKED_AT_MS = 4000; // a cell that was tapped

export class Enlarged {
  /** @type {Cell | null} */
  #cell = null;
  #later = 0; // what ends a tap's look at a cell
  #picture = element("canvas", { class: "preview" });
  #caption = element("span", { class: "caption" });
  #root;
  #data;
  #draw;
  #tooltip;

  /**
   * @param {HTMLElement} root of the grid, which says which cell is looked at
   * @param {() => import("./grid.js").GridData} data
   * @param {(canvas: HTMLCanvasElement, r: number, c: number) => void} draw a cell in its own resolution
   */
  constructor(root, data, draw) {
    this.#root = root;
    this.#data = data;
    this.#draw = draw;
    this.#tooltip = new Tooltip(root, this.#picture, this.#caption);
  }

  /**
   * Show what the pointer is over.
   * @param {HTMLElement} over
   * @param {(event: PointerEvent) => Cell | null} cellAt
   */
  listen(over, cellAt) {
    /** @param {PointerEvent} event */
    const look = (event) => {
      const cell = cellAt(event);
      clearTimeout(this.#later);
      if (!cell) return this.#leave();
      this.#show(cell);
      this.#tooltip.show(event.clientX, event.clientY);
    };
    over.addEventListener("pointermove", look);
    over.addEventListener("pointerdown", look);
    over.addEventListener("pointercancel", () => this.#leave()); // a finger scrolls the page
    over.addEventListener("pointerleave", ({ pointerType }) => {
      if (pointerType !== "touch") return this.#leave();
      this.#later = window.setTimeout(() => this.#leave(), LOOKED_AT_MS); // a finger is lifted before one has looked
    });
  }

  /** The pictures have changed. */
  again() {
    if (this.#cell) this.#show(this.#cell);
  }

  /** @param {Cell} cell */
  #show([r, c]) {
    const { shape, columns, rows, notes } = this.#data();
    const [R, C, H, W] = shape;
    this.#cell = [r, c];
    if (r >= R || c >= C) return this.#leave();
    const factor = SIDE / Math.max(W, H);
    this.#picture.style.width = `${W * factor}px`;
    this.#picture.style.height = `${H * factor}px`;
    this.#draw(this.#picture, r, c);
    this.#caption.textContent = [rows[r], columns[c] ?? `column ${c + 1}`].join(" · ");
    if (notes?.[r]) this.#caption.append(element("span", { class: "note" }, notes[r]));
    this.#root.dataset.hover = `${r},${c}`;
  }

  #leave() {
    this.#cell = null;
    this.#tooltip.hide();
    this.#root.dataset.hover = "";
  }

  destroy() {
    clearTimeout(this.#later);
    this.#tooltip.hide();
  }
}
