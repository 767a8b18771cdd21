// Decoded pictures of items: many at once through the page's decoder, one at a time over HTTP where it is out of reach.

import { addressOf } from "../shared/base.js";
import { putPicture } from "../shared/pixels.js";
import { MOST_ROWS } from "../shared/protocol.js";

/**
 * @typedef {import("../shared/decoder.js").Decoder} Decoder
 * @typedef {import("../shared/decoder.js").Request} Request
 * @typedef {import("./points.js").Weighted} Weighted
 * @typedef {{model: string, betas: Record<string, number>, latents: string[], between?: boolean, below?: Record<string, string[]>}} Decodes what
 *   decodes: the model, its betas and its latents, whether it decodes places between items, and by block the latents that are generated from it
 */

const CACHED_PICTURES = 2000;
const THUMBNAIL_TIMEOUT_MS = 5000;

/**
 * Forget the oldest entries of a map beyond `most`.
 * @template Key
 * @param {Map<Key, unknown>} cache
 * @param {number} most
 */
export function trim(cache, most) {
  for (const key of cache.keys()) {
    if (cache.size <= most) return;
    cache.delete(key);
  }
}

/**
 * A request for images: for each latent the rows that `rowsOf(latent)` gives, sums of items' codes.
 * @param {Decodes} decodes
 * @param {(latent: string) => Weighted[][]} rowsOf
 * @returns {Request}
 */
export function requestOf({ model, betas, latents }, rowsOf) {
  return { model, betas, mix: Object.fromEntries(latents.map((latent) => [latent, rowsOf(latent)])) };
}

/** The pictures of items that stand in place of their dots: fetched in batches, kept while the model stays the same. */
export class Pictures {
  /** @type {Map<number, {canvas: OffscreenCanvas, version: number}>} by item */
  #cache = new Map();
  /** @type {Map<string, number[]>} items by panel */
  #wanted = new Map();
  #version = 0;
  #busy = false;
  /** @type {Decodes | null} */
  #decodes = null;
  #text = "";

  /**
   * @param {Decoder} decoder
   * @param {string} channel
   * @param {() => void} onReady
   */
  constructor(decoder, channel, onReady) {
    this.decoder = decoder;
    this.channel = channel;
    this.onReady = onReady;
  }

  /**
   * Say what decodes. Other betas leave the pictures until the new ones are there.
   * @param {Decodes | null} decodes
   */
  setDecodes(decodes) {
    const text = JSON.stringify(decodes);
    if (text === this.#text) return;
    if (decodes?.model !== this.#decodes?.model) this.#cache.clear();
    this.#text = text;
    this.#decodes = decodes;
    this.#version++;
  }

  /** @param {number} item */
  of(item) {
    return this.#cache.get(item)?.canvas;
  }

  /**
   * Say which items a panel shows as pictures; `onReady()` follows when some more are there.
   * @param {string} panel
   * @param {number[]} items
   */
  want(panel, items) {
    this.#wanted.set(panel, items);
    this.fetch();
  }

  fetch() {
    if (this.#busy || !this.decoder.online || !this.#decodes) return;
    const wanted = [...this.#wanted.values()].flat();
    const missing = new Set(wanted.filter((item) => this.#cache.get(item)?.version !== this.#version));
    const items = [...missing].slice(0, MOST_ROWS);
    const version = this.#version;
    if (!items.length) return;
    this.#busy = true;
    const rows = items.map((item) => /** @type {Weighted[]} */ ([[item, 1]]));
    this.decoder.ask(
      this.channel,
      requestOf(this.#decodes, () => rows),
      (answer) => {
        this.#busy = false;
        if ("error" in answer) return; // the dots stay
        items.forEach((item, number) => {
          const canvas = new OffscreenCanvas(1, 1);
          putPicture(canvas, answer, number);
          this.#cache.delete(item); // to the end of the queue of what is forgotten
          this.#cache.set(item, { canvas, version });
        });
        trim(this.#cache, CACHED_PICTURES);
        this.onReady();
        this.fetch();
      },
    );
  }

  remove() {
    this.decoder.withdraw(this.channel);
    this.#wanted.clear();
  }
}

/**
 * Pictures of items over HTTP, fetched one at a time: a fast pointer passes hundreds of points, and only the last one
 * matters by the time an answer is there.
 */
export class Thumbnails {
  /** @type {Map<number, ImageBitmap>} */
  #cache = new Map();
  #wanted = -1;
  #busy = false;
  /** @type {string | null} */
  #template = null;

  /** @param {(item: number, picture: ImageBitmap) => void} onReady */
  constructor(onReady) {
    this.onReady = onReady;
  }

  set template(/** @type {string | null} */ template) {
    if (template === this.#template) return;
    this.#cache.clear();
    this.#template = template;
  }

  /**
   * The picture of an item if it is here, else undefined; `onReady(item, picture)` follows if it comes.
   * @param {number} item
   */
  request(item) {
    this.#wanted = item;
    const picture = this.#cache.get(item);
    if (!picture && item >= 0 && this.#template) this.#fetch(this.#template);
    return picture;
  }

  /** @param {string} template */
  async #fetch(template) {
    if (this.#busy) return;
    this.#busy = true;
    const item = this.#wanted;
    try {
      const address = addressOf(template.replace("{item}", String(item)));
      const response = await fetch(address, { signal: AbortSignal.timeout(THUMBNAIL_TIMEOUT_MS) });
      if (response.ok && template === this.#template) {
        const picture = await createImageBitmap(await response.blob());
        this.#cache.set(item, picture);
        trim(this.#cache, CACHED_PICTURES);
        if (item === this.#wanted) this.onReady(item, picture);
      }
    } catch {
      // The tooltip keeps its text; the next hover tries again.
    }
    this.#busy = false;
    if (this.#wanted !== item) this.request(this.#wanted);
  }
}
