// Horizontal bars with their values: one SVG, drawn for the width there is, so that it can be saved as it stands.

import { element, offscreen, themed } from "../shared/elements.js";
import { mounting } from "../shared/mounting.js";
import { fileName, saveMenu } from "../shared/saving.js";
import { drawing, percent } from "./drawing.js";

/** @typedef {import("../shared/mounting.js").Call<import("./drawing.js").BarsData>} BarsCall */

class Bars {
  #picture = element("div", { role: "img" });
  #resize = new ResizeObserver(() => this.#paint());
  #ruler = offscreen(1, 1).context;

  /**
   * @param {ParentNode} parent
   * @param {BarsCall} call
   */
  constructor(parent, { data }) {
    this.data = data;
    const figure = () => this.#svg(themed(this.root, "background-color", "#fff"));
    /** @type {import("../shared/saving.js").FigureElement} */
    this.root = element("div", { class: "bars saveable", "data-ready": "false" }, this.#picture);
    this.root.figure = figure;
    this.root.append(saveMenu(() => fileName(this.data.title), figure));
    parent.append(this.root);
    this.#resize.observe(this.root);
  }

  /** @param {BarsCall} call */
  update({ data }) {
    this.data = data;
    const spoken = data.rows.map(([name, value]) => `${name} ${percent(value)}`);
    this.#picture.setAttribute("aria-label", `${data.title}: ${spoken.join(", ")}`);
    this.#paint();
    this.root.dataset.ready = "true";
  }

  #paint() {
    if (this.root.clientWidth) this.#picture.innerHTML = this.#svg("none");
  }

  /** @param {string} background */
  #svg(background) {
    const look = {
      width: this.root.clientWidth,
      font: getComputedStyle(this.root).fontFamily,
      ink: themed(this.root, "text-color", "#222"),
      background,
    };
    return drawing(this.data, look, (text, font) => {
      this.#ruler.font = font;
      return this.#ruler.measureText(text).width;
    });
  }

  destroy() {
    this.#resize.disconnect();
    this.root.remove();
  }
}

export default mounting((parent, /** @type {BarsCall} */ call) => new Bars(parent, call));
