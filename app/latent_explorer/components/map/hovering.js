// What a map shows of the place under the pointer, in a tooltip: decoded live, or the picture of an item over HTTP.

import { contextOf, element, resize } from "../shared/elements.js";
import { putPicture } from "../shared/pixels.js";
import { Tooltip } from "../shared/tooltip.js";
import { requestOf, Thumbnails } from "./pictures.js";
import { shortened } from "./points.js";

/**
 * @typedef {import("./map.js").LatentMap} LatentMap
 * @typedef {import("./panel.js").Panel} Panel
 * @typedef {import("./points.js").Weighted} Weighted
 */

/** @param {string} name */
function framed(name) {
  const canvas = element("canvas", { class: "thumbnail" });
  const caption = element("figcaption");
  const root = element("figure", { class: "picture", "data-picture": name }, canvas, caption);
  return { root, canvas, caption };
}

export class Hovering {
  #here = framed("here");
  #item = framed("item");
  #caption = element("span", { class: "caption" });
  #note = element("span", { class: "note" });
  /** @type {{panel: Panel, weights: Weighted[]} | null} the place that the tooltip decodes */
  #pointed = null;
  #channel;

  /**
   * @param {LatentMap} map
   * @param {string} channel
   */
  constructor(map, channel) {
    this.map = map;
    this.#channel = channel;
    const pictures = element("div", { class: "pictures" }, this.#item.root, this.#here.root);
    this.tooltip = new Tooltip(map.root, pictures, this.#caption, this.#note);
    this.thumbnails = new Thumbnails((item, picture) => this.#showThumbnail(item, picture));
  }

  /**
   * Show what is at a place of a panel: `item` is the one that it means, or -1, `weights` what a code there is made of.
   * @param {Panel} panel
   * @param {number} item
   * @param {Weighted[] | null} weights
   * @param {number} x
   * @param {number} y
   */
  point(panel, item, weights, x, y) {
    const { map } = this;
    const { decoder } = map.data;
    const between = map.decoder.online && decoder && decoder.between !== false;
    this.#pointed = weights && between ? { panel, weights } : null;
    if (item < 0 && !this.#pointed) return map.leave();
    if (this.#pointed) this.decodePlace();
    else this.#showItem(item);
    this.tooltip.show(x, y);
  }

  leave() {
    this.#pointed = null;
    this.map.decoder.withdraw(this.#channel);
    this.thumbnails.request(-1);
    this.tooltip.hide();
    delete this.map.root.dataset.place;
  }

  /**
   * Without the live route: the picture of an item, none between them.
   * @param {number} item
   */
  #showItem(item) {
    this.#caption.textContent = this.map.nameOf(item);
    this.#note.textContent = "";
    this.#item.root.hidden = true;
    this.#here.caption.textContent = "";
    const picture = this.thumbnails.request(item);
    this.#here.root.hidden = !picture;
    if (picture) this.#showThumbnail(item, picture);
  }

  /**
   * @param {number} item
   * @param {ImageBitmap} picture
   */
  #showThumbnail(item, picture) {
    const { canvas, root } = this.#here;
    resize(canvas, picture.width, picture.height);
    contextOf(canvas).drawImage(picture, 0, 0);
    root.hidden = false;
    this.map.root.dataset.thumbnail = String(item);
    this.tooltip.place();
  }

  /**
   * Decode the place under the pointer: the panel's own latents from the items round it, the others from the opened item,
   * or else from the nearest. On an item, while another is open, that item stands beside it.
   */
  decodePlace() {
    const { map } = this;
    const { decoder } = map.data;
    if (!this.#pointed || !decoder) return;
    const { panel, weights } = this.#pointed;
    const nearest = weights[0][0];
    const companion = map.item >= 0 ? map.item : nearest;
    const isItem = weights.length === 1;
    // What is generated from a place of the map is left to the model, and what decodes is not held beside it.
    const below = panel.blocks.flatMap((block) => decoder.below?.[block] ?? []);
    const given = decoder.latents.filter(
      (latent) => panel.blocks.includes(latent) || !below.includes(latent),
    );
    const others = given.filter((latent) => !panel.blocks.includes(latent));
    const isMixed = isItem && others.length > 0 && companion !== nearest;
    /** @type {(latent: string) => Weighted[][]} */
    const rows = (latent) => {
      /** @type {Weighted[]} */
      const here = panel.blocks.includes(latent) ? weights : [[companion, 1]];
      return (isMixed ? [here, [/** @type {Weighted} */ ([nearest, 1])]] : [here]).map(shortened);
    };
    const rest = others.length ? `${others.join(", ")} of ${map.data.kind.one} ${companion}` : "";
    const own = panel.blocks.join(", ");
    this.#caption.textContent = isItem
      ? map.nameOf(nearest)
      : `between ${map.data.kind.many}, nearest ${map.nameOf(nearest)}`;
    const made = `${own}: mean of the ${weights.length} nearest codes, weighted by nearness on the map`;
    this.#note.textContent = isItem ? "" : [made, rest].filter(Boolean).join("; ");
    map.decoder.ask(this.#channel, requestOf({ ...decoder, latents: given }, rows), (answer) => {
      if (!this.#pointed) return;
      if ("error" in answer) {
        this.#note.textContent = answer.error;
        return;
      }
      this.#here.root.hidden = false;
      putPicture(this.#here.canvas, answer, 0);
      this.#here.caption.textContent = isMixed ? `its ${own}, ${rest}` : "";
      this.#item.root.hidden = !isMixed;
      this.#item.caption.textContent = `${map.data.kind.one} ${nearest}`;
      if (isMixed) putPicture(this.#item.canvas, answer, 1);
      map.root.dataset.place = isItem ? "item" : "between";
      if (isItem) map.root.dataset.thumbnail = String(nearest);
      this.tooltip.place();
    });
  }
}
