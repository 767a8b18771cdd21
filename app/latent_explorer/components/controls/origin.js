// The small picture of the start, with what it is in words.

import { element } from "../shared/elements.js";
import { putPicture, showFitted } from "../shared/pixels.js";

const SIDE = 56; // CSS pixels of the longer side

export class Origin {
  #canvas = element("canvas", { class: "start", role: "img", width: 28, height: 28 });
  #caption = element("figcaption");
  root = element("figure", {}, this.#canvas, this.#caption);

  /** The start in words. */
  get words() {
    return this.#caption.textContent ?? "";
  }

  set words(words) {
    this.#caption.textContent = words;
    this.#canvas.setAttribute("aria-label", words);
  }

  /**
   * Show the second of the pictures that the script sent.
   * @param {import("../shared/pixels.js").Images} images
   */
  take(images) {
    putPicture(this.#canvas, images, 1);
    showFitted(this.#canvas, SIDE);
  }

  /** @param {import("../shared/pixels.js").Images} images what is decoded of the start */
  show(images) {
    putPicture(this.#canvas, images);
  }
}
