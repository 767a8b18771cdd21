// The frames of a training as they come from the server: records of one size, kept as they came, opened field by field.

/**
 * A part of a record: what numpy calls its type, and where it begins, in bytes.
 * @typedef {{name: string, dtype: string, shape: number[], offset: number}} Field
 */

/**
 * What the frames are of, as `vae_core.runs.Header` says it.
 * @typedef {object} Header
 * @property {string[]} terms
 * @property {Record<string, number>} blocks dimensions of each
 * @property {Record<string, string>} axes
 * @property {string[]} [standard] the blocks whose prior is N(0, I)
 * @property {number} items
 * @property {number} [umap] of how many of them there is a map by UMAP
 * @property {number[]} labels
 * @property {string[]} classes
 * @property {string} split
 * @property {number[]} picture height, width, channels
 * @property {string} originals base64
 * @property {number} reconstructions
 * @property {number} samples
 * @property {number[]} of_classes
 * @property {number} start
 * @property {string} says
 * @property {string} model
 * @property {string} data
 * @property {string} [an] what an observation is called, with its article
 * @property {string} [many]
 * @property {number} record
 * @property {Field[]} fields
 */

/** @typedef {ArrayLike<number>} Values */

/** Readers of numbers by what numpy calls their type, little endian. */
const READERS = {
  "|u1": { size: 1, open: (/** @type {ArrayBuffer} */ own) => new Uint8Array(own) },
  "<i2": { size: 2, open: (/** @type {ArrayBuffer} */ own) => new Int16Array(own) },
  "<i4": { size: 4, open: (/** @type {ArrayBuffer} */ own) => new Int32Array(own) },
  "<f4": { size: 4, open: (/** @type {ArrayBuffer} */ own) => new Float32Array(own) },
  "<i8": {
    size: 8,
    open: (/** @type {ArrayBuffer} */ own) => Float64Array.from(new BigInt64Array(own), Number),
  },
};

/** @param {string} dtype */
function readerOf(dtype) {
  const reader = READERS[/** @type {keyof typeof READERS} */ (dtype)];
  if (!reader) throw new Error(`frames hold numbers of the type ${dtype}, which this page does not read`);
  return reader;
}

/** All that has come of a run. */
export class Frames {
  /** @type {Uint8Array[]} each of whole records */
  #parts = [];
  /** @type {number[]} the number of the first record of each part */
  #starts = [];
  /** @type {Map<string, {at: number, field: Field, size: number}>} */
  #places = new Map();
  count = 0;
  bytes = 0; // of a record

  /** @param {{record: number, fields: Field[]}} header */
  constructor({ record, fields }) {
    this.bytes = record;
    for (const field of fields) {
      const size = readerOf(field.dtype).size * field.shape.reduce((a, b) => a * b, 1);
      this.#places.set(field.name, { at: field.offset, field, size });
    }
  }

  /** @param {string} name */
  has(name) {
    return this.#places.has(name);
  }

  /** @param {string} name */
  shape(name) {
    return this.#places.get(name)?.field.shape ?? [];
  }

  /**
   * Add records; a torn last one is left out.
   * @param {Uint8Array} bytes
   */
  add(bytes) {
    const whole = Math.floor(bytes.length / this.bytes);
    if (!whole) return;
    this.#parts.push(bytes.slice(0, whole * this.bytes));
    this.#starts.push(this.count);
    this.count += whole;
  }

  /**
   * The numbers of a field in a record; none of a field that there is not.
   * @param {string} name
   * @param {number} number of the record
   * @returns {Values}
   */
  values(name, number) {
    const place = this.#places.get(name);
    if (!place || number < 0 || number >= this.count) return [];
    const part = this.#partOf(number);
    const start = (number - this.#starts[part]) * this.bytes + place.at;
    // A record begins anywhere, a typed array at a multiple of its numbers' size: hence the copy.
    return readerOf(place.field.dtype).open(this.#parts[part].slice(start, start + place.size).buffer);
  }

  /**
   * The single number of a field in a record.
   * @param {string} name
   * @param {number} number
   */
  value(name, number) {
    return this.values(name, number)[0];
  }

  /** @param {number} number */
  #partOf(number) {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/**
 * The last of increasing numbers that is not above a value: 0 where all are.
 * @param {ArrayLike<number>} steps
 * @param {number} value
 */
export function lastBefore(steps, value) {
  let [low, high] = [0, steps.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (steps[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

/**
 * The one of some steps that is nearest to a step.
 * @param {number[]} steps
 * @param {number} step
 */
export const nearest = (steps, step) =>
  steps.reduce((best, each) => (Math.abs(each - step) < Math.abs(best - step) ? each : best), steps[0] ?? 0);
