// What a map shows of the place under the pointer, in a tooltip: decoded live, or the picture of an item over HTTP.

import { contextOf, element, resize } from "../shared/elements.js";
import { putPicture } from "../shared/pixels.js";
import { Tooltip } from "../shared/tooltip.js";
import { requestOf, Thumbnails } from "./pictures.js";
import { blocksOf, movedTo } from "./plane.js";
import { shortened } from "./points.js";

/**
 * @typedef {import("./map.js").LatentMap} LatentMap
 * @typedef {import("./panel.js").Panel} Panel
 * @typedef {import("./points.js").Weighted} Weighted
 * @typedef {import("./polygons.js").Point} Point
 * @typedef {{item: number, weights: Weighted[] | null, at: Point}} Here a place of a panel: the item that it means, or -1, what a code there is
 *   made of, and where it is on the plane
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
  /** @type {{panel: Panel, weights: Weighted[], at: Point} | null} the place that the tooltip decodes */
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
   * Show what is at a place of a panel.
   * @param {Panel} panel
   * @param {Here} here
   * @param {number} x
   * @param {number} y
   */
  point(panel, { item, weights, at }, x, y) {
    const { map } = this;
    const { decoder } = map.data;
    const between = map.decoder.online && decoder && decoder.between !== false;
    this.#pointed = weights && between ? { panel, weights, at } : null;
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
    const { panel, weights, at } = this.#pointed;
    const nearest = weights[0][0];
    const companion = map.item >= 0 ? map.item : nearest;
    const isItem = weights.length === 1;
    if (panel.plane && !isItem) return this.#decodeCode(panel.plane, companion, at);
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
    this.#ask(requestOf({ ...decoder, latents: given }, rows), (answer) => {
      this.#here.caption.textContent = isMixed ? `its ${own}, ${rest}` : "";
      this.#item.root.hidden = !isMixed;
      this.#item.caption.textContent = `${map.data.kind.one} ${nearest}`;
      if (isMixed) putPicture(this.#item.canvas, answer, 1);
      map.root.dataset.place = isItem ? "item" : "between";
      if (isItem) map.root.dataset.thumbnail = String(nearest);
    });
  }

  /**
   * Decode a place whose coordinates are those of a code: two are there, all else is as in an item.
   * @param {import("./panel.js").Plane} plane
   * @param {number} companion
   * @param {Point} at
   */
  #decodeCode(plane, companion, at) {
    const { decoder, kind } = this.map.data;
    if (!decoder) return;
    const own = blocksOf(plane);
    const isAll = plane.whole && decoder.latents.every((latent) => own.includes(latent));
    this.#caption.textContent = plane.axes
      .map(([block, dimension], number) => `${block}[${dimension}] = ${at[number].toFixed(2)}`)
      .join(", ");
    this.#note.textContent = isAll ? "" : `all else as in ${kind.one} ${companion}`;
    const request = {
      ...requestOf(decoder, () => [[[companion, 1]]]),
      move: movedTo(plane, at),
    };
    this.#ask(request, () => {
      this.#here.caption.textContent = "";
      this.#item.root.hidden = true;
      this.map.root.dataset.place = "code";
    });
  }

  /**
   * Show the first picture of what is asked for, where the pointer is still there.
   * @param {import("../shared/decoder.js").Request} request
   * @param {(answer: import("../shared/decoder.js").Decoded) => void} onAnswer
   */
  #ask(request, onAnswer) {
    this.map.decoder.ask(this.#channel, request, (answer) => {
      if (!this.#pointed) return;
      if ("error" in answer) {
        this.#note.textContent = answer.error;
        return;
      }
      this.#here.root.hidden = false;
      putPicture(this.#here.canvas, answer, 0);
      onAnswer(answer);
      this.tooltip.place();
    });
  }
}
