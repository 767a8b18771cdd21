// Draws as torch makes them on a CPU, so that one seed is one picture in the app and on a published page.

/** The Mersenne twister (Matsumoto & Nishimura, 1998) and torch's ways from its words to numbers. */
export class Generator {
  #state = new Uint32Array(624);
  #at = 624;
  /** @type {number | null} the second of a pair of normals of which one was taken */
  #next = null;

  /** @param {number} seed */
  constructor(seed) {
    const state = this.#state;
    state[0] = seed % 2 ** 32;
    for (let i = 1; i < 624; i++) {
      const before = state[i - 1] ^ (state[i - 1] >>> 30);
      state[i] = Math.imul(before, 1812433253) + i;
    }
  }

  /** The next word, 32 bits. */
  word() {
    if (this.#at === 624) this.#turn();
    let word = this.#state[this.#at++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #turn() {
    const state = this.#state;
    for (let i = 0; i < 624; i++) {
      const word = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7fffffff);
      state[i] = state[(i + 397) % 624] ^ (word >>> 1) ^ (word & 1 ? 0x9908b0df : 0);
    }
    this.#at = 0;
  }

  /** A number of [0, 1) in single precision. */
  uniform() {
    return (this.word() & 0xffffff) / 2 ** 24;
  }

  /** A number of [0, 1) in double precision. */
  #fine() {
    const high = this.word() & 0x1fffff;
    return (high * 2 ** 32 + this.word()) / 2 ** 53;
  }

  /** @param {number} count */
  uniforms(count) {
    return Float32Array.from({ length: count }, () => this.uniform());
  }

  /**
   * Draws of N(0, 1), by Box and Muller (1958): sixteen at a time, and of fewer one pair after the other.
   * @param {number} count
   */
  normals(count) {
    if (count < 16) return Float32Array.from({ length: count }, () => this.#normal());
    const values = this.uniforms(count);
    for (let at = 0; at + 16 <= count; at += 16) turned(values, at);
    if (count % 16) {
      for (let at = count - 16; at < count; at++) values[at] = this.uniform();
      turned(values, count - 16);
    }
    return values;
  }

  #normal() {
    const kept = this.#next;
    this.#next = null;
    if (kept !== null) return kept;
    const turn = 2 * Math.PI * this.#fine();
    const far = Math.sqrt(-2 * Math.log1p(-this.#fine()));
    this.#next = far * Math.sin(turn);
    return far * Math.cos(turn);
  }
}

/**
 * Sixteen uniform numbers as eight pairs of normal ones, in their place.
 * @param {Float32Array} values
 * @param {number} at
 */
function turned(values, at) {
  for (let k = at; k < at + 8; k++) {
    const far = Math.sqrt(-2 * Math.log(1 - values[k]));
    const turn = 2 * Math.PI * values[k + 8];
    values[k] = far * Math.cos(turn);
    values[k + 8] = far * Math.sin(turn);
  }
}
