// Linked scatter maps on 2-D canvases: what the panels share.

import { pageDecoder } from "../shared/decoder.js";
import { element, oncePerFrame } from "../shared/elements.js";
import { Connection } from "./connection.js";
import { FollowingMap } from "./following.js";
import { KEYS } from "./gestures.js";
import { Hovering } from "./hovering.js";
import { Panel } from "./panel.js";
import { Pictures } from "./pictures.js";
import { Dataset } from "./points.js";
import { membersIn } from "./members.js";
import { Views } from "./remembered.js";
import { worded } from "../shared/words.js";
import { themeAt } from "./theme.js";
import { Told } from "./told.js";
import { Legend, listen, Toolbar } from "./toolbar.js";

/**
 * @typedef {import("./panel.js").PanelData} PanelData
 * @typedef {import("./points.js").IsShown} IsShown
 * @typedef {import("./polygons.js").Point} Point
 * @typedef {import("./view.js").View} View
 * @typedef {{panel: string, polygon: Point[]}} Selection
 */

/**
 * What the script sends for a map; the points come in a message of their own.
 * @typedef {object} MapData
 * @property {string} map its key
 * @property {string} digest of the points
 * @property {string} frame what tells one frame of the panels from another
 * @property {PanelData[]} panels
 * @property {string[]} classes
 * @property {string[]} colours
 * @property {[string, string, string] | null} scale where the classes are the steps of one: its name, and the values at its ends
 * @property {import("../shared/words.js").Kind} kind what the items are
 * @property {import("./pictures.js").Decodes | null} decoder
 * @property {string | null} thumbnails
 * @property {string | null} [along] where the items lie along the betas of a block
 * @property {string | null} height of each panel, as CSS; null where it grows with the window
 * @property {Selection | null} kept
 * @property {Selection | null} selection
 * @property {string | null} lit the items of a selection that was made on a map which is not shown, as bits in base64
 * @property {string | null} found and those that were asked for, which stand out where nothing is selected
 * @property {number | null} item
 * @property {number[]} hidden
 */

/** @typedef {import("../shared/mounting.js").Call<MapData>} MapCall */

const NOTHING = new Dataset({
  header: { map: "", digest: "", grids: [], priors: [] },
  arrays: [new Uint8Array()],
});

/** @type {Map<string, Dataset>} by the map's key, from the points message */
export const datasets = new Map();
let made = 0;

export class LatentMap {
  dataset = NOTHING;
  /** @type {Panel[]} */
  panels = [];
  /** @type {"lasso" | "box" | "pan"} */
  tool = "lasso";
  showPriors = true;
  showPosteriors = true;
  showPictures = true;
  showPlane = true;
  /** @type {Selection | null} */
  selection = null;
  /** @type {Selection | null} the one that the script keeps as A */
  kept = null;
  /** @type {Uint8Array | null} per item 1 or 0, null when there is no selection */
  selected = null;
  count = 0; // of the selected
  item = -1;
  hover = -1;
  /** @type {boolean[]} per class */
  shown = [];

  #told = { selection: new Told(), item: new Told(), hidden: new Told() };
  #structure = "";
  #connection;
  #views = new Views(() => `${this.data.map}/${this.data.frame}`);
  /** @type {Panel | null} where a selection is being drawn */
  #previewing = null;

  decoder = pageDecoder();
  toolbar;
  legend = new Legend();
  spoken = element("span", { class: "spoken", "aria-live": "polite" });
  row = element("div", { class: "panels" });
  root = element("div", { class: "latent-map", "data-ready": "false" });

  /** @type {IsShown} */
  isShown = (item) => this.shown[this.dataset.classes[item]];

  /**
   * @param {ParentNode} parent
   * @param {MapCall} call
   */
  constructor(parent, { data, setStateValue }) {
    this.data = data;
    this.setStateValue = setStateValue;
    this.toolbar = new Toolbar((text) => this.words(text));
    parent.append(this.root);
    this.root.append(
      this.toolbar.root,
      this.row,
      this.legend.root,
      element("div", { class: "keys" }, this.words(KEYS)),
      this.spoken,
    );
    this.theme = themeAt(this.root, data.colours);
    const channel = `map-${made++}`;
    this.hovering = new Hovering(this, `${channel}-place`);
    this.following = new FollowingMap(this);
    this.pictures = new Pictures(this.decoder, `${channel}-pictures`, () => this.#drawPoints());
    this.#connection = new Connection(this.decoder, this.root, () => {
      if (this.dataset === NOTHING) return;
      this.#refreshControls();
      this.#drawPoints();
    });
    listen(this, this.toolbar, () => this.#refreshControls());
  }

  // ---- data from the script

  /** @param {MapCall} call */
  update({ data, setStateValue }) {
    this.data = data;
    this.setStateValue = setStateValue;
    this.following.sent();
    this.refresh();
  }

  /** Show what the script sent, once the points are there too. */
  refresh() {
    const { data } = this;
    const dataset = datasets.get(data.map);
    if (dataset?.digest !== data.digest) {
      this.root.dataset.ready = "false";
      return;
    }
    const isNew = dataset !== this.dataset;
    delete this.root.dataset.follows;
    this.dataset = dataset;
    this.hovering.thumbnails.template = data.thumbnails;
    this.pictures.setDecodes(data.decoder);
    this.theme = themeAt(this.root, data.colours);
    this.#build();

    const { selection, item, hidden } = this.#told;
    if (hidden.accepts(data.hidden)) this.shown = data.classes.map((_, c) => !data.hidden.includes(c));
    if (selection.accepts(data.selection)) this.selection = data.selection;
    if (item.accepts(data.item)) this.item = data.item ?? -1;
    this.kept = data.kept;
    if (isNew) {
      this.leave();
      if (this.item >= dataset.classes.length) this.item = -1;
    }
    this.panels.forEach((panel, p) => {
      const shapes = [...dataset.priors[p], ...data.panels[p].shapes];
      panel.setData(dataset.panels[p], { ...data.panels[p], shapes }, this.#views.of(panel.name));
    });
    this.#select(this.selection);
    this.hovering.decodePlace(); // at other betas the same place is another picture
    this.root.dataset.ready = "true";
    this.root.dataset.digest = data.digest;
    this.following.again();
  }

  /** Make panels and legend, unless those that are there will do. */
  #build() {
    const { panels, classes, colours, scale, height } = this.data;
    const structure = JSON.stringify([
      panels.map(({ name, axes }) => [name, axes]),
      classes,
      colours,
      scale,
      height,
    ]);
    if (structure === this.#structure) return;
    this.#structure = structure;
    this.panels.forEach((panel) => this.#drop(panel));
    this.panels = panels.map((data, p) => {
      return new Panel(this, data, height, this.dataset.panels[p], this.#views.of(data.name));
    });
    this.row.replaceChildren(...this.panels.map((panel) => panel.root));
    this.shown = classes.map((_, c) => this.shown[c] ?? true);
    this.legend.build(
      classes,
      colours,
      (c) => this.#showClasses((isShown, other) => (other === c ? !isShown : isShown)),
      (isShown) => this.#showClasses(() => isShown),
      scale,
    );
  }

  /** @param {Panel} panel */
  #drop(panel) {
    this.pictures.want(panel.name, []);
    panel.remove();
  }

  /**
   * @param {string} panel
   * @param {View} view
   */
  rememberView(panel, view) {
    this.#views.keep(panel, view);
  }

  #drawPoints() {
    this.panels.forEach((panel) => panel.drawPoints());
  }

  // ---- what the panels share

  /**
   * @param {"selection" | "item" | "hidden"} field
   * @param {unknown} value
   */
  #report(field, value) {
    this.#told[field].reports(value);
    this.setStateValue(field, { value, at: Date.now() });
  }

  /**
   * Highlight a selection everywhere, without reporting it.
   * @param {Selection | null} selection
   */
  #select(selection) {
    this.selected = membersIn(this, selection);
    const { selected } = this;
    let count = 0;
    for (let item = 0; selected && item < selected.length; item++) count += selected[item];
    this.count = count;
    this.#refreshControls();
    this.panels.forEach((each) => each.draw());
  }

  /**
   * Show what the selection in progress would select, at most once per frame.
   * @param {Panel} panel
   */
  previewSelection(panel) {
    this.#previewing = panel;
    this.#preview();
  }
  #preview = oncePerFrame(() => {
    const started = performance.now();
    const panel = this.#previewing;
    const polygon = panel?.gestures.polygon;
    if (!panel || !polygon) return;
    this.#select({ panel: panel.name, polygon });
    this.root.dataset.selectMs = (performance.now() - started).toFixed(1);
  });

  /** Whether a selection is being drawn. */
  get isPreviewing() {
    return this.#previewing !== null;
  }

  endPreview() {
    this.#preview.cancel();
    this.#previewing = null;
    this.#select(this.selection);
  }

  /**
   * @param {Panel} panel
   * @param {Point[] | null} polygon
   */
  finishSelection(panel, polygon) {
    if (!polygon) return this.endPreview();
    const before = this.selection;
    this.selection = { panel: panel.name, polygon };
    this.endPreview();
    if (this.count) this.#report("selection", this.selection);
    else {
      // Round nothing: as good as a click on empty space.
      this.selection = before;
      this.clearSelection();
      this.#select(this.selection);
    }
  }

  clearSelection() {
    if (!this.selection) return;
    this.selection = null;
    this.#select(null);
    this.#report("selection", null);
  }

  /** @param {number} item */
  openItem(item) {
    if (item === this.item) return;
    this.item = item;
    this.#refreshControls();
    this.panels.forEach((panel) => panel.draw());
    this.#report("item", item < 0 ? null : item);
  }

  /** @param {(isShown: boolean, c: number) => boolean} wanted */
  #showClasses(wanted) {
    this.shown = this.shown.map(wanted);
    this.#select(this.selection);
    this.#report("hidden", this.#hidden);
  }

  get #hidden() {
    return this.shown.flatMap((isShown, c) => (isShown ? [] : [c]));
  }

  // ---- the place under the pointer

  /** @param {number} item */
  colourOf(item) {
    return this.theme.css[this.dataset.classes[item]];
  }

  /** @param {number} item */
  nameOf(item) {
    const name = this.data.classes[this.dataset.classes[item]];
    return `${this.data.kind.one} ${item} · ${/^\d+$/.test(name) ? `class ${name}` : name}`;
  }

  /** @param {string} text about images, as it is said of what the items are */
  words(text) {
    return worded(text, this.data.kind);
  }

  /** @param {string} words */
  speak(words) {
    this.spoken.textContent = words;
  }

  /**
   * Show what is at a place of a panel.
   * @param {Panel} panel
   * @param {import("./hovering.js").Here} here
   * @param {number} x of the pointer in the viewport
   * @param {number} y
   */
  point(panel, here, x, y) {
    this.#ring(here.item);
    this.hovering.point(panel, here, x, y);
  }

  leave() {
    this.#ring(-1);
    this.hovering.leave();
  }

  /** @param {number} item */
  #ring(item) {
    if (item === this.hover) return;
    this.hover = item;
    this.root.dataset.hover = item < 0 ? "" : String(item);
    delete this.root.dataset.thumbnail;
    this.panels.forEach((panel) => panel.drawOver());
  }

  // ---- controls

  #refreshControls() {
    const { toolbar, root, data } = this;
    toolbar.show(this, data);
    this.legend.show(this.shown);
    const isFound = !this.selection && data.found !== null;
    const count = this.selected && this.count;
    toolbar.tell(
      this.dataset.classes.length,
      count,
      isFound ? "found" : "selected",
      this.#connection.offline,
    );
    root.dataset.tool = this.tool;
    root.dataset.selected = String(this.count);
    root.dataset.item = this.item < 0 ? "" : String(this.item);
    root.dataset.hover = this.hover < 0 ? "" : String(this.hover);
    root.dataset.hidden = this.#hidden.join(",");
  }

  destroy() {
    this.#connection.remove();
    this.following.remove();
    this.leave();
    this.panels.forEach((panel) => this.#drop(panel));
    this.#preview.cancel();
    this.pictures.remove();
    this.root.remove();
  }
}
