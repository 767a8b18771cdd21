// Linked scatter maps on 2-D canvases: what the panels share, the toolbar, the tooltip, and what Streamlit calls.
//
// Python puts in front: shared.js, live.js, map_points.js, map_painting.js, map_pictures.js, map_panel.js, map_saving.js.

const OFFLINE_MS = 1500;   // so long may a connection take before the map says that it is missing

/**
 * A value that both the user and the script may set.
 *
 * Every rerun brings the script's idea of the value, often older than what the user just did. It is an order only if
 * it has changed and is not the echo of a report.
 */
class Shared {
  #last = undefined;
  #pending = [];

  /** Whether the script wants `value` to be shown now. */
  accepts(value) {
    const text = JSON.stringify(value);
    const changed = text !== this.#last;
    this.#last = text;
    const echo = this.#pending.lastIndexOf(text);
    if (echo >= 0) {
      this.#pending.splice(0, echo + 1);
      return false;
    }
    if (changed) this.#pending = [];
    return changed;
  }

  reports(value) {
    this.#pending.push(JSON.stringify(value));
  }
}

class LatentMap {
  panels = [];
  tool = "lasso";
  showPriors = true;
  showPosteriors = true;
  showPictures = true;
  selection = null;   // {panel, polygon}
  kept = null;        // the same, of the selection that the script keeps as A
  selected = null;    // per item 1 or 0, null when there is no selection
  count = 0;
  item = -1;
  hover = -1;
  shown = [];         // per class

  #shared = { selection: new Shared(), item: new Shared(), hidden: new Shared() };
  #structure = "";
  #offline = false;   // known to be, after a while
  #waiting = 0;       // timer of that while
  #pointed = null;    // {panel, weights}: the place under the pointer, which the tooltip decodes

  isShown = (item) => this.shown[this.dataset.classes[item]];

  constructor(parent) {
    this.root = element("div", { class: "latent-map", "data-ready": "false" });
    parent.append(this.root);
    this.live = liveRoute();
    this.channel = `map-${LatentMap.#made++}`;
    const tool = (name, label, hint) => {
      const button = element("button", { type: "button", class: "tool", "data-tool": name, title: hint }, label);
      return (this.tools[name] = button);
    };
    const group = (label, ...buttons) => element("div", { class: "group", role: "group", "aria-label": label }, ...buttons);
    this.tools = {};
    this.status = element("output", { class: "status", "aria-live": "polite" });
    this.spoken = element("span", { class: "spoken", "aria-live": "polite" });
    this.toolbar = element(
      "div",
      { class: "toolbar", role: "toolbar", "aria-label": "Map tools" },
      group(
        "What dragging does",
        tool("lasso", "Lasso", "Drag round items to select them (Shift-drag moves the map)"),
        tool("box", "Box", "Drag a box over items to select them (Shift-drag moves the map)"),
        tool("pan", "Pan", "Drag to move the map"),
      ),
      group(
        "What is drawn over the items",
        tool("priors", "Priors", "Show or hide the priors"),
        tool("posteriors", "Posterior", "Show or hide where draws of the posterior q(z | x) of the opened item fall: dashed, 2 standard deviations"),
        tool("pictures", "Pictures", `Decode items in place of their dots where at most ${MOST_PICTURES} are in view: zoom in`),
      ),
      tool("fit", "Fit", "Show all items (double click in one map, key 0)"),
      tool("clear", "Clear", "Drop the selection and close the item (Escape drops the selection)"),
      this.status,
    );
    this.row = element("div", { class: "panels" });
    this.legend = element("div", { class: "legend", role: "group", "aria-label": "Classes, click to show or hide" });
    const picture = (name) => element(
      "figure", { class: "picture", "data-picture": name }, element("canvas", { class: "thumbnail" }), element("figcaption"),
    );
    this.pictureHere = picture("here");
    this.pictureItem = picture("item");
    this.caption = element("span", { class: "caption" });
    this.note = element("span", { class: "note" });
    this.root.append(this.toolbar, this.row, this.legend, element("div", { class: "keys" }, KEYS), this.spoken);
    const pictures = element("div", { class: "pictures" }, this.pictureItem, this.pictureHere);
    this.tooltip = new Tooltip(this.root, pictures, this.caption, this.note);
    this.thumbnails = new Thumbnails((item, found) => this.#showThumbnail(item, found));
    this.pictures = new Pictures(this.live, `${this.channel}-pictures`, () => this.panels.forEach((panel) => panel.drawPoints()));
    this.unwatch = this.live.watch(() => this.#noticeConnection());
    this.#noticeConnection();

    for (const name of ["lasso", "box", "pan"]) this.tools[name].onclick = () => this.#setTool(name);
    const toggle = (name, field, redraw) => {
      this.tools[name].onclick = () => {
        this[field] = !this[field];
        this.#refreshControls();
        this.panels.forEach(redraw);
      };
    };
    toggle("priors", "showPriors", (panel) => panel.drawOver());
    toggle("posteriors", "showPosteriors", (panel) => panel.drawOver());
    toggle("pictures", "showPictures", (panel) => panel.draw());
    this.tools.fit.onclick = () => this.panels.forEach((panel) => panel.fit());
    this.tools.clear.onclick = () => {
      this.clearSelection();
      this.openItem(-1);
    };
  }
  static #made = 0;

  // ---- data from the script

  /** Take in the arguments of a call: the first one, a rerun, or a change of theme. */
  update({ data, setStateValue }) {
    this.data = data;
    this.setStateValue = setStateValue;
    this.refresh();
  }

  refresh() {
    const { data } = this, dataset = datasets.get(data.map);
    if (dataset?.digest !== data.digest) {  // the points are still on their way
      this.root.dataset.ready = "false";
      return;
    }
    const isNew = dataset !== this.dataset;
    this.dataset = dataset;
    this.thumbnails.template = data.thumbnails;
    this.pictures.setDecoder(data.decoder);
    this.#readTheme();
    this.#build();

    const { selection, item, hidden } = this.#shared;
    if (hidden.accepts(data.hidden)) this.#hide(data.hidden);
    if (selection.accepts(data.selection)) this.selection = data.selection;
    if (item.accepts(data.item)) this.item = data.item ?? -1;
    this.kept = data.kept;
    if (isNew) {
      this.leave();
      if (this.item >= dataset.classes.length) this.item = -1;
    }
    this.panels.forEach((panel, p) => {
      panel.setData(dataset.panels[p], data.panels[p], views.get(viewKey(data, panel.name)));
    });
    this.#select(this.selection);
    this.#decodePlace();  // at other betas the same place is another picture
    this.root.dataset.ready = "true";
    this.root.dataset.digest = data.digest;
  }

  /** Make panels and legend, unless those that are there will do. */
  #build() {
    const { panels, classes, colours, height } = this.data;
    const structure = JSON.stringify([panels.map(({ name, axes }) => [name, axes]), classes, colours, height]);
    if (structure === this.#structure) return;
    this.#structure = structure;
    this.panels.forEach((panel) => this.#drop(panel));
    this.panels = panels.map((spec) => new Panel(this, spec, height));
    this.row.replaceChildren(...this.panels.map((panel) => panel.root));
    this.shown = classes.map((_, c) => this.shown[c] ?? true);
    this.legend.replaceChildren(
      ...classes.map((name, c) => {
        const swatch = element("span", { class: "swatch", style: `background:${colours[c]}` });
        const attributes = { type: "button", class: "entry", "data-class": c, title: `Show or hide class ${name}` };
        const button = element("button", attributes, swatch, name);
        button.onclick = () => this.#toggleClass(c);
        return button;
      }),
    );
  }

  #drop(panel) {
    this.pictures.want(panel.name, []);
    panel.remove();
  }

  #readTheme() {
    const style = getComputedStyle(this.root);
    const read = (name, fallback) => style.getPropertyValue(`--st-${name}`).trim() || fallback;
    const paper = read("background-color", "#ffffff"), background = rgb(paper), classes = this.data.colours.map(rgb);
    const pale = classes.map((colour) => mix(colour, background, FADE));
    this.theme = {
      paper,
      background,
      text: read("text-color", "#222222"),
      primary: read("primary-color", "#ff4b4b"),
      font: read("font", "sans-serif"),
      css: this.data.colours,
      classes,
      pale,
      solid: classes.map(pixel),
      faded: pale.map(pixel),
    };
  }

  rememberView({ name, view }) {
    views.set(viewKey(this.data, name), view.whole ? null : view);
  }

  #noticeConnection() {
    clearTimeout(this.#waiting);
    const notice = () => {
      this.#offline = !this.live.online;
      if (!this.dataset) return;
      this.#refreshControls();
      this.panels.forEach((panel) => panel.drawPoints());
    };
    this.root.dataset.live = this.live.online;
    if (this.live.online) notice();
    else this.#waiting = setTimeout(notice, OFFLINE_MS);
  }

  // ---- what the panels share

  #report(field, value) {
    this.#shared[field].reports(value);
    this.setStateValue(field, { value, at: Date.now() });
  }

  /** Highlight a selection everywhere, without reporting it. */
  #select(selection) {
    const panel = selection && this.panels.findIndex(({ name }) => name === selection.panel);
    const points = this.dataset.panels[panel ?? -1];
    this.count = 0;
    if (!points) this.selected = null;
    else {
      const { polygon } = selection, isInside = insideOf(polygon), selected = (this.selected = new Uint8Array(points.count));
      const [xs, ys] = [polygon.map(([x]) => x), polygon.map(([, y]) => y)];
      const box = { left: Math.min(...xs), right: Math.max(...xs), bottom: Math.min(...ys), top: Math.max(...ys) };
      points.visit(box, this.isShown, (item) => {
        if (isInside(points.x[item], points.y[item])) this.count += selected[item] = 1;
      });
    }
    this.#refreshControls();
    this.panels.forEach((each) => each.draw());
  }

  /** Show what the selection in progress would select, at most once per frame. */
  previewSelection(panel) {
    this.#previewing = panel;
    this.#preview();
  }
  #previewing = null;
  #preview = oncePerFrame(() => {
    const polygon = this.#previewing?.polygon, started = performance.now();
    if (!polygon) return;
    this.#select({ panel: this.#previewing.name, polygon });
    this.root.dataset.selectMs = (performance.now() - started).toFixed(1);
  });

  endPreview() {
    this.#preview.cancel();
    this.#previewing = null;
    this.#select(this.selection);
  }

  finishSelection(panel, polygon) {
    const selection = polygon && { panel: panel.name, polygon };
    if (!selection) return this.endPreview();
    const before = this.selection;
    this.selection = selection;
    this.endPreview();
    if (this.count) this.#report("selection", selection);
    else {  // round nothing: as good as a click on empty space
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

  openItem(item) {
    if (item === this.item) return;
    this.item = item;
    this.#refreshControls();
    this.panels.forEach((panel) => panel.draw());
    this.#report("item", item < 0 ? null : item);
  }

  #hide(hidden) {
    this.shown = this.data.classes.map((_, c) => !hidden.includes(c));
  }

  #toggleClass(c) {
    this.shown[c] = !this.shown[c];
    this.#select(this.selection);
    this.#report("hidden", this.shown.flatMap((isShown, k) => (isShown ? [] : [k])));
  }

  // ---- the place under the pointer

  nameOf(item) {
    const name = this.data.classes[this.dataset.classes[item]];
    return `item ${item} · ${/^\d+$/.test(name) ? `class ${name}` : name}`;
  }

  speak(words) {
    this.spoken.textContent = words;
  }

  /** Show what is at a place of a panel: `item` is the one that it means, or -1, `weights` what a code there is made of. */
  point(panel, item, weights, x, y) {
    this.#ring(item);
    this.#pointed = weights && this.live.online && this.data.decoder ? { panel, weights } : null;
    if (item < 0 && !this.#pointed) return this.leave();
    if (this.#pointed) this.#decodePlace();
    else this.#showItem(item);
    this.tooltip.show(x, y);
  }

  leave() {
    this.#ring(-1);
    this.#pointed = null;
    this.live.withdraw(`${this.channel}-place`);
    this.thumbnails.request(-1);
    this.tooltip.hide();
    delete this.root.dataset.place;
  }

  #ring(item) {
    if (item === this.hover) return;
    this.hover = item;
    this.root.dataset.hover = item < 0 ? "" : item;
    delete this.root.dataset.thumbnail;
    this.panels.forEach((panel) => panel.drawOver());
  }

  /** Without the live route: the picture of an item, none between them. */
  #showItem(item) {
    this.caption.textContent = this.nameOf(item);
    this.note.textContent = "";
    this.pictureItem.hidden = true;
    this.pictureHere.lastChild.textContent = "";
    const picture = this.thumbnails.request(item);
    this.pictureHere.hidden = !picture;
    if (picture) this.#showThumbnail(item, picture);
  }

  #showThumbnail(item, picture) {
    const canvas = this.pictureHere.firstChild;
    Object.assign(canvas, { width: picture.width, height: picture.height });
    canvas.getContext("2d").drawImage(picture, 0, 0);
    this.pictureHere.hidden = false;
    this.root.dataset.thumbnail = item;
    this.tooltip.place();
  }

  /**
   * Decode the place under the pointer: the panel's own latents from the items round it, the others from the opened item,
   * or else from the nearest. On an item, while another is open, that item stands beside it.
   */
  #decodePlace() {
    if (!this.#pointed) return;
    const { panel, weights } = this.#pointed, { decoder } = this.data, [[nearest]] = weights;
    const companion = this.item >= 0 ? this.item : nearest, isItem = weights.length === 1;
    const others = decoder.latents.filter((latent) => !panel.blocks.includes(latent));
    const isMixed = isItem && others.length > 0 && companion !== nearest;
    const rows = (latent) => {
      const here = panel.blocks.includes(latent) ? weights : [[companion, 1]];
      return (isMixed ? [here, [[nearest, 1]]] : [here]).map(shortened);
    };
    this.caption.textContent = isItem ? this.nameOf(nearest) : `between items, nearest ${this.nameOf(nearest)}`;
    const rest = others.length ? `${others.join(", ")} of item ${companion}` : "";
    const own = panel.blocks.join(", ");
    this.note.textContent = isItem ? "" : [
      `${own}: mean of the ${weights.length} nearest codes, weighted by nearness on the map`, rest,
    ].filter(Boolean).join("; ");
    const ask = requestOf(decoder, rows);
    this.live.ask(`${this.channel}-place`, ask, (answer) => {
      if (!this.#pointed) return;
      if (answer.error) {
        this.note.textContent = answer.error;
        return;
      }
      this.pictureHere.hidden = false;
      putPicture(this.pictureHere.firstChild, answer, 0);
      this.pictureHere.lastChild.textContent = isMixed ? `its ${own}, ${rest}` : "";
      this.pictureItem.hidden = !isMixed;
      this.pictureItem.lastChild.textContent = `item ${nearest}`;
      if (isMixed) putPicture(this.pictureItem.firstChild, answer, 1);
      this.root.dataset.place = isItem ? "item" : "between";
      if (isItem) this.root.dataset.thumbnail = nearest;
      this.tooltip.place();
    });
  }

  // ---- controls

  #setTool(tool) {
    this.tool = tool;
    this.#refreshControls();
  }

  #refreshControls() {
    const { tools, root, data, dataset } = this;
    const press = (button, pressed) => button.setAttribute("aria-pressed", pressed);
    for (const name of ["lasso", "box", "pan"]) press(tools[name], this.tool === name);
    press(tools.priors, this.showPriors);
    press(tools.posteriors, this.showPosteriors);
    press(tools.pictures, this.showPictures);
    const ellipses = data.panels.flatMap((panel) => panel.ellipses);
    const prior = ellipses.find(({ kind }) => kind === "prior");
    tools.priors.hidden = !prior;
    tools.posteriors.hidden = !ellipses.some(({ kind }) => kind !== "prior");
    if (prior) tools.priors.title = `Show or hide the priors: ellipses at ${prior.sigmas} standard deviations`;
    tools.pictures.hidden = !data.decoder;
    tools.clear.disabled = !this.selected && this.item < 0;
    [...this.legend.children].forEach((button, c) => press(button, this.shown[c]));
    const number = (value) => value.toLocaleString("en"), total = dataset.classes.length;
    const items = this.selected ? `${number(this.count)} of ${number(total)} selected` : `${number(total)} items`;
    const status = this.#offline ? `live decoding is not connected: only items show a picture · ${items}` : items;
    if (this.status.textContent !== status) this.status.textContent = status;
    root.dataset.tool = this.tool;
    root.dataset.selected = this.count;
    root.dataset.item = this.item < 0 ? "" : this.item;
    root.dataset.hover = this.hover < 0 ? "" : this.hover;
    root.dataset.hidden = this.shown.flatMap((isShown, k) => (isShown ? [] : [k])).join(",");
  }

  destroy() {
    clearTimeout(this.#waiting);
    this.unwatch();
    this.leave();
    this.panels.forEach((panel) => this.#drop(panel));
    this.#preview.cancel();
    this.pictures.remove();
    this.root.remove();
  }
}

/** Weights with four decimals, which no picture shows. */
const shortened = (weights) => weights.map(([item, weight]) => [item, Math.round(weight * 1e4) / 1e4]);

// ---------------------------------------------------------------------------------------------- entry point

const datasets = new Map();  // map key -> Dataset, from the points message
const maps = new Map();      // mounting point -> LatentMap
const views = new Map();     // where the user was in each panel; outlives a visit to another page
const viewKey = (data, panel) => `${data.map}/${data.frame}/${panel}`;

/** Keep the points and wake up the map they belong to, whichever of the two messages comes first. */
function receivePoints(bytes) {
  const envelope = unpack(bytes), { map: key, digest } = envelope.header;
  if (datasets.get(key)?.digest !== digest) datasets.set(key, new Dataset(envelope));
  const dataset = datasets.get(key);
  maps.forEach((map) => map.data.map === key && map.refresh());
  return () => datasets.get(key) === dataset && datasets.delete(key);
}

/** Called by Streamlit at the first mount and again whenever data or theme change. */
export default function (component) {
  const { data, parentElement } = component;
  if (data instanceof Uint8Array) return receivePoints(data);
  let map = maps.get(parentElement);
  if (!map) maps.set(parentElement, (map = new LatentMap(parentElement)));
  map.update(component);
  return () => {
    map.destroy();
    maps.delete(parentElement);
  };
}
