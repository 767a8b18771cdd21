// The frames of a training as they come from the server: records of one size, kept as they came, opened field by field.

/**
 * A field of a record, in the order in which they lie.
 * @typedef {{name: string, dtype: string, shape: number[]}} Field
 */

/** @typedef {ArrayLike<number>} Values */

/** @type {Record<string, number>} bytes of a number */
const SIZES = { uint8: 1, int32: 4, uint32: 4, int64: 8, float16: 2, float32: 4, float64: 8 };

/** @type {Float32Array | null} the value of each float16 */
let halves = null;

/**
 * A float16 by its bits: sign, five bits of an exponent, ten of a fraction.
 * @param {number} bits
 */
export function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
}

/** @param {Uint16Array} bits */
function fromHalves(bits) {
  halves ??= Float32Array.from({ length: 65536 }, (_, number) => half(number));
  const table = halves;
  return Float32Array.from(bits, (each) => table[each]);
}

/**
 * The numbers of a field of a record.
 * @param {Uint8Array} bytes of the field alone
 * @param {string} dtype
 * @returns {Values}
 */
export function numbers(bytes, dtype) {
  if (dtype === "uint8") return bytes;
  const own = bytes.slice().buffer; // a record begins anywhere, a typed array at a multiple of its numbers' size
  if (dtype === "float16") return fromHalves(new Uint16Array(own));
  if (dtype === "float32") return new Float32Array(own);
  if (dtype === "float64") return new Float64Array(own);
  if (dtype === "int32") return new Int32Array(own);
  if (dtype === "uint32") return new Uint32Array(own);
  return Float64Array.from(new BigInt64Array(own), Number);
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

  /** @param {Field[]} fields */
  constructor(fields) {
    for (const field of fields) {
      const size = SIZES[field.dtype] * field.shape.reduce((a, b) => a * b, 1);
      this.#places.set(field.name, { at: this.bytes, field, size });
      this.bytes += size;
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
    return numbers(this.#parts[part].subarray(start, start + place.size), place.field.dtype);
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
