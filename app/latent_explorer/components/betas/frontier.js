// The rate-distortion plane: its dots are decoded under the pointer, and chosen by a click.

import { element } from "../shared/elements.js";
import { putPicture } from "../shared/pixels.js";
import { Tooltip } from "../shared/tooltip.js";
import { planeWith } from "./plane.js";

/**
 * What the plane shows besides the marker.
 * @typedef {Pick<import("./betas.js").BetasData, "model" | "start" | "plane">} FrontierData
 */

const CHANNEL = "betas-dot";
const LARGE = 84; // CSS pixels of the picture of a dot

export class Frontier {
  root = element("figure", { class: "plane" });
  #picture = element("canvas", { class: "hovered" });
  #words = element("span");
  /** @type {FrontierData} */
  #data;
  #decoder;
  #tooltip;

  /**
   * @param {HTMLElement} around what the enlarged picture lies over
   * @param {FrontierData} data
   * @param {ReturnType<typeof import("../shared/decoder.js").pageDecoder>} decoder
   * @param {(betas: Record<string, number>) => void} choose
   */
  constructor(around, data, decoder, choose) {
    this.#data = data;
    this.#decoder = decoder;
    this.choose = choose;
    this.#tooltip = new Tooltip(around, this.#picture, this.#words);
    this.#listen();
  }

  #listen() {
    /** @param {Event} event */
    const pointOf = (event) => {
      const node = /** @type {Element} */ (event.target).closest?.("[data-point]");
      const point = this.#data.plane?.points[Number(node?.getAttribute("data-point"))];
      return node && point ? { node, point } : null;
    };
    const choose = (/** @type {Event} */ event) => {
      const found = pointOf(event);
      if (found) this.choose(found.point.betas);
    };
    this.root.addEventListener("click", choose);
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") choose(event);
    });
    const show = (/** @type {Event} */ event) => {
      const found = pointOf(event);
      if (found) this.#hover(found.node, found.point);
      else this.#tooltip.hide();
    };
    this.root.addEventListener("pointerover", show);
    this.root.addEventListener("focusin", show);
    for (const end of ["pointerleave", "focusout"])
      this.root.addEventListener(end, () => this.#tooltip.hide());
  }

  /**
   * @param {Element} node
   * @param {import("./plane.js").PointData} point
   */
  #hover(node, { words, betas }) {
    const { model, start } = this.#data;
    const { right, top } = node.getBoundingClientRect();
    this.#words.textContent = words;
    this.#tooltip.show(right, top);
    this.#decoder.ask(CHANNEL, { model, ...start, betas }, (answer) => {
      if ("error" in answer) return;
      putPicture(this.#picture, answer);
      const { width, height } = this.#picture;
      this.#picture.style.width = `${(LARGE * width) / Math.max(width, height)}px`;
      this.#tooltip.place();
    });
  }

  /**
   * Draw the plane as large as its place is.
   * @param {FrontierData} data
   * @param {Omit<import("./plane.js").Look, "width" | "height">} look
   * @param {readonly import("./plane.js").Thumbnail[]} thumbnails
   * @param {import("./says.js").Reading} now where the marker stands
   */
  draw(data, look, thumbnails, now) {
    this.#data = data;
    const { clientWidth: width, clientHeight: height } = this.root;
    if (!data.plane || !width || !height) return this.root.replaceChildren();
    this.root.innerHTML = planeWith(data.plane, { ...look, width, height }, thumbnails, now);
  }

  destroy() {
    this.#decoder.withdraw(CHANNEL);
  }
}
