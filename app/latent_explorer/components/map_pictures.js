// Decoded pictures: of items and of places between them through the live route, of items alone over HTTP where it is off.
//
// `liveRoute` and `putPicture` come from live.js.

const CACHED_PICTURES = 2000;
const BATCH = 128;               // pictures of one request to the live route
const THUMBNAIL_TIMEOUT_MS = 5000;

/** Forget the oldest entries of a map beyond `most`. */
function trim(cache, most) {
  for (const key of cache.keys()) {
    if (cache.size <= most) return;
    cache.delete(key);
  }
}

/** The pictures of items that stand in place of their dots: fetched in batches, kept while the model stays the same. */
class Pictures {
  #cache = new Map();    // item -> {canvas, version}
  #wanted = new Map();   // panel -> items
  #version = 0;
  #busy = false;

  constructor(live, channel, onReady) {
    Object.assign(this, { live, channel, onReady });
  }

  /** What decodes: the model, its betas and its latents. Other betas leave the pictures until the new ones are there. */
  setDecoder(decoder) {
    const text = JSON.stringify(decoder);
    if (text === this.text) return;
    if (decoder?.model !== this.decoder?.model) this.#cache.clear();
    this.text = text;
    this.decoder = decoder;
    this.#version++;
  }

  of(item) {
    return this.#cache.get(item)?.canvas;
  }

  /** Say which items a panel shows as pictures; `onReady()` follows when some more are there. */
  want(panel, items) {
    this.#wanted.set(panel, items);
    this.fetch();
  }

  fetch() {
    if (this.#busy || !this.live.online || !this.decoder) return;
    const missing = new Set();
    for (const items of this.#wanted.values()) {
      for (const item of items) if (this.#cache.get(item)?.version !== this.#version) missing.add(item);
    }
    const items = [...missing].slice(0, BATCH), version = this.#version;
    if (!items.length) return;
    this.#busy = true;
    const rows = items.map((item) => [[item, 1]]);
    this.live.ask(this.channel, requestOf(this.decoder, () => rows), (answer) => {
      this.#busy = false;
      if (answer.error) return;  // the dots stay
      items.forEach((item, number) => {
        const canvas = new OffscreenCanvas(1, 1);
        putPicture(canvas, answer, number);
        this.#cache.delete(item);  // to the end of the queue of what is forgotten
        this.#cache.set(item, { canvas, version });
      });
      trim(this.#cache, CACHED_PICTURES);
      this.onReady();
      this.fetch();
    });
  }

  remove() {
    this.live.withdraw(this.channel);
    this.#wanted.clear();
  }
}

/** A request to the live route: for each latent the rows that `rowsOf(latent)` gives, sums of items' codes. */
function requestOf({ model, betas, latents }, rowsOf) {
  return { model, betas, mix: Object.fromEntries(latents.map((latent) => [latent, rowsOf(latent)])) };
}

/**
 * Pictures of items over HTTP, fetched one at a time: a fast pointer passes hundreds of points, and only the last one
 * matters by the time an answer is there.
 */
class Thumbnails {
  #cache = new Map();
  #wanted = -1;
  #busy = false;
  #template = null;

  constructor(onReady) {
    this.onReady = onReady;
  }

  set template(template) {
    if (template === this.#template) return;
    this.#cache.clear();
    this.#template = template;
  }

  /** The picture of an item if it is here, else undefined; `onReady(item, picture)` follows if it comes. */
  request(item) {
    this.#wanted = item;
    const picture = this.#cache.get(item);
    if (!picture && item >= 0 && this.#template) this.#fetch();
    return picture;
  }

  async #fetch() {
    if (this.#busy) return;
    this.#busy = true;
    const item = this.#wanted, template = this.#template;
    try {
      const address = template.replace("{item}", item);
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
