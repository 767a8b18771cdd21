// One run at one frame: its latent map, and rows of pictures.

import { element, say } from "../shared/elements.js";
import { fromBase64 } from "../shared/envelope.js";
import { drawCloud, shownReach } from "./cloud.js";
import { acrossOf, putSheet } from "./sheet.js";

/** @typedef {import("./following.js").Following} Following */

const UNIT = 32767; // of a position

const FEW = 12; // classes that a legend names

/** The captions of the rows of pictures. @param {string} [many] what observations are called */
export const captions = (many = "images") => [
  `fixed ${many} over their reconstructions`,
  "samples from the prior",
  "a sample of each class, of one noise",
];

/**
 * The names of a map's axes.
 * @param {string} block
 * @param {string} kind
 * @param {number} dimensions
 * @returns {[string, string]}
 */
export function axesOf(block, kind, dimensions) {
  if (kind === "dimensions") return [`${block}[0]`, dimensions > 1 ? `${block}[1]` : ""];
  return ["axis 1", "axis 2"];
}

/**
 * The kinds of map that there are of a block, the usual one first.
 * @param {import("./frames.js").Header} header
 * @param {string} block
 */
export const kindsOf = ({ axes, umap = 0 }, block) =>
  umap && axes[block] !== "dimensions" ? [axes[block], "UMAP"] : [axes[block]];

/** The largest coordinate. @param {Float32Array} places */
const most = (places) => places.reduce((a, b) => Math.max(a, Math.abs(b)), 0);

export class Side {
  /** whether the map is by UMAP where there is one */
  umap = false;
  #block = 0;
  #tabs = element("span", { class: "tabs", role: "group", "aria-label": "Block on the map" });
  #axes = element("span", { class: "axes" });
  #kind = element("select", { class: "kind", "aria-label": "Map by" });
  #legend = element("span", { class: "legend" });
  #map = element("canvas", { class: "cloud", role: "img" });
  #rows = captions().map(() => ({
    figure: element("figure"),
    caption: element("figcaption"),
    canvas: element("canvas", { class: "sheet", role: "img", width: 1, height: 1 }),
  }));
  /** @type {Uint8Array} */
  #originals = new Uint8Array();
  /** @type {import("./frames.js").Header | null} */
  #of = null;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
    this.mapFigure = element(
      "figure",
      { class: "map" },
      element("figcaption", {}, this.#tabs, this.#axes, this.#kind, this.#legend),
      this.#map,
    );
    this.#kind.onchange = () => {
      this.umap = this.#kind.value === "UMAP";
      this.onChange();
    };
    this.pictures = element("div", { class: "pictures" });
    for (const { figure, caption, canvas } of this.#rows) {
      figure.append(caption, canvas);
      this.pictures.append(figure);
    }
    this.root = element("div", { class: "side" }, this.mapFigure, this.pictures);
  }

  /** @param {import("./frames.js").Header} header */
  #open(header) {
    this.#of = header;
    this.#originals = fromBase64(header.originals);
    const blocks = Object.keys(header.blocks);
    this.#block = Math.min(this.#block, blocks.length - 1);
    this.#tabs.replaceChildren(
      ...blocks.map((name, place) => {
        const tab = element("button", { type: "button", class: "tab", title: `The latents ${name}` }, name);
        tab.onclick = () => {
          this.#block = place;
          this.onChange();
        };
        return tab;
      }),
    );
    const few = header.classes.length <= FEW ? header.classes : [];
    this.#legend.replaceChildren(...few.map((name) => element("b", { title: name }, name)));
    const [height, width] = header.picture;
    const counts = [header.reconstructions, header.samples, header.of_classes.length];
    const said = captions(header.many);
    this.#rows.forEach(({ figure, caption, canvas }, place) => {
      const across = acrossOf(counts[place], header.picture);
      const down = Math.ceil(counts[place] / across) * (place ? 1 : 2);
      figure.hidden = !counts[place];
      caption.textContent = said[place];
      canvas.setAttribute("aria-label", said[place]);
      canvas.style.aspectRatio = `${across * width} / ${down * height}`;
    });
    this.#map.setAttribute(
      "aria-label",
      `${header.items} fixed ${header.many ?? "images"} on the latent map`,
    );
  }

  /**
   * @param {string[]} kinds
   * @param {boolean} umap
   * @param {import("./frames.js").Header} header
   */
  #choose(kinds, umap, header) {
    this.#kind.hidden = kinds.length < 2;
    if (this.#kind.children.length !== kinds.length) {
      this.#kind.replaceChildren(...kinds.map((kind) => element("option", { value: kind }, kind)));
    }
    this.#kind.value = kinds[Number(umap)];
    this.#kind.title = umap
      ? `The first ${header.umap} of ${header.items} fixed ${header.many ?? "images"}, each map begun where the last one ended; axes and distances between groups mean nothing`
      : "Axes of most variance, turned to those of the frame before";
  }

  /**
   * Where the items of the block are, x, y, x, y, ...
   * @param {import("./frames.js").Header} header
   * @param {import("./frames.js").Frames} frames
   * @param {number} number
   * @param {boolean} umap
   */
  #placed(header, frames, number, umap) {
    const extent = frames.values(umap ? "umap_extent" : "extent", number)[this.#block];
    const all = frames.values(umap ? "umap" : "positions", number);
    const each = 2 * ((umap ? header.umap : header.items) ?? 0);
    const places = new Float32Array(each);
    for (let i = 0; i < each; i++) places[i] = (all[this.#block * each + i] * extent) / UNIT;
    return places;
  }

  /**
   * @param {Following} run
   * @param {number} number of the frame
   * @param {{colours: string[], look: {ink: string, quiet: string, font: string}, title: string}} how
   */
  draw({ header, frames }, number, { colours, look, title }) {
    if (!header || !frames || number < 0) return;
    if (header !== this.#of) this.#open(header);
    [...this.#tabs.children].forEach((tab, place) => say(tab, "pressed", place === this.#block));
    const name = Object.keys(header.blocks)[this.#block];
    const kinds = kindsOf(header, name);
    const umap = this.umap && kinds.length > 1;
    this.#axes.textContent = this.#axes.title = title || (kinds.length > 1 ? "" : kinds[0]);
    this.#choose(kinds, umap, header);
    [...this.#legend.children].forEach((each, place) => {
      /** @type {HTMLElement} */ (each).style.color = colours[place];
    });
    const places = this.#placed(header, frames, number, umap);
    drawCloud(this.#map, {
      places,
      labels: header.labels,
      colours,
      reach: shownReach(umap ? most(places) : frames.values("reach", number)[this.#block]),
      circle: header.blocks[name] === 2 && Boolean(header.standard?.includes(name)),
      axes: umap ? ["", ""] : axesOf(name, header.axes[name], header.blocks[name]),
      look,
    });
    const rows = [
      [this.#originals, frames.values("reconstructions", number)],
      [frames.values("samples", number)],
      [frames.values("of_classes", number)],
    ];
    this.#rows.forEach(({ canvas }, place) => putSheet(canvas, rows[place], header.picture));
  }
}
