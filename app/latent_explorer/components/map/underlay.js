// The pale map that lies under a selection.

export class Underlay {
  /** @type {{key: string, places: object, pixels: Uint32Array} | null} as it was painted last */
  #pale = null;

  /**
   * Fill the pixels with the pale map: as it was, where neither the view (`key`) nor the places have changed since, since all that a
   * lasso changes is which items stand out.
   * @param {Uint32Array} pixels
   * @param {string} key
   * @param {object} places
   * @param {() => void} paint
   */
  fill(pixels, key, places, paint) {
    const pale = this.#pale;
    if (pale?.key === key && pale.places === places) return pixels.set(pale.pixels);
    paint();
    const buffer = pale?.pixels.length === pixels.length ? pale.pixels : new Uint32Array(pixels.length);
    buffer.set(pixels);
    this.#pale = { key, places, pixels: buffer };
  }
}
