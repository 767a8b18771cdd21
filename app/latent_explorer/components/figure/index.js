// Saves the figure with a given key, wherever it stands: one of our components, or a chart of plotly.

import { element, themed } from "../shared/elements.js";
import { mounting } from "../shared/mounting.js";
import { saveMenu, svgDocument } from "../shared/saving.js";

/**
 * @typedef {import("../shared/saving.js").FigureElement} FigureElement
 * @typedef {import("../shared/mounting.js").Call<{figure: string, name: string}>} FigureCall
 */

const MARGIN = 12; // CSS pixels round a saved chart

/**
 * Every element below a node, also behind shadow roots.
 * @param {ParentNode} node
 * @returns {Generator<Element>}
 */
function* within(node) {
  for (const child of node.querySelectorAll("*")) {
    yield child;
    if (child.shadowRoot) yield* within(child.shadowRoot);
  }
}

/**
 * The figure of this key as SVG text.
 * @param {string} key
 * @param {string} background
 */
function svgOf(key, background) {
  for (const place of document.getElementsByClassName(`st-key-${key}`)) {
    for (const node of within(place)) {
      const { figure } = /** @type {FigureElement} */ (node);
      if (figure) return figure();
      if (node.classList.contains("js-plotly-plot")) return svgOfPlotly(node, background);
    }
  }
  throw new Error(`no figure has the key ${key}`);
}

/**
 * Plotly draws in layers, one SVG each: put them on top of each other.
 * @param {Element} plot
 * @param {string} background
 */
function svgOfPlotly(plot, background) {
  const layers = [...plot.querySelectorAll("svg.main-svg")];
  const written = layers.map((layer) => {
    const copy = /** @type {Element} */ (layer.cloneNode(true));
    for (const node of copy.querySelectorAll(".hoverlayer, .draglayer")) node.remove();
    return new XMLSerializer().serializeToString(copy);
  });
  const { width, height } = layers[0].getBoundingClientRect();
  const inside = `<g transform="translate(${MARGIN} ${MARGIN})">${written.join("")}</g>`;
  return svgDocument(width + 2 * MARGIN, height + 2 * MARGIN, background, inside);
}

class Save {
  root = element("div", { class: "save" });

  /**
   * @param {ParentNode} parent
   * @param {FigureCall} call
   */
  constructor(parent, { data }) {
    this.data = data;
    const background = () => themed(this.root, "background-color", "#fff");
    this.root.append(
      saveMenu(
        () => this.data.name,
        () => svgOf(this.data.figure, background()),
      ),
    );
    parent.append(this.root);
  }

  /** @param {FigureCall} call */
  update({ data }) {
    this.data = data;
  }

  destroy() {
    this.root.remove();
  }
}

export default mounting((parent, /** @type {FigureCall} */ call) => new Save(parent, call));
