// Pictures that were decoded beforehand: what moves until the decoder is there, and all that there is where a browser cannot run it.

/**
 * @typedef {import("../components/shared/decoder.js").Decoded} Decoded
 * @typedef {import("../components/shared/decoder.js").Request} Request
 * @typedef {{block: string, dimension: number, values: number[], from: number, below: string[]}} FilmedHandle
 */

/**
 * The first item as it is, under each of a few handles, and in every class.
 * @typedef {object} FilmHeader
 * @property {number[]} shape
 * @property {number} item
 * @property {Record<string, number[][]>} codes
 * @property {Record<string, number>} betas
 * @property {number[] | null} said p(class | code)
 * @property {string[]} labelled the variables by which that changes
 * @property {FilmedHandle[]} handles
 * @property {{from: number, count: number, kept: string[]} | null} every
 */

const NEAR = 1e-3; // codes are told to four decimals

export class Film {
  /**
   * @param {string} model
   * @param {FilmHeader} header
   * @param {Uint8Array} pixels
   */
  constructor(model, header, pixels) {
    this.model = model;
    this.header = header;
    this.pixels = pixels;
  }

  /**
   * What is asked for, where the film has it.
   * @param {Request} request
   * @returns {Decoded | null}
   */
  answer(request) {
    const { header } = this;
    const betas = Object.entries(request.betas ?? {});
    if (request.model !== this.model || request.draw || request.image || request.drawing) return null;
    if (!betas.every(([block, beta]) => Math.abs(Math.log(beta / header.betas[block])) < NEAR)) return null;
    const frames = request.label ? this.#classes(request) : this.#rows(request);
    if (!frames) return null;
    const count = frames.length;
    const size = this.pixels.length / header.shape[0];
    const pixels = new Uint8Array(count * size);
    frames.forEach((frame, n) =>
      pixels.set(this.pixels.subarray(frame * size, (frame + 1) * size), n * size),
    );
    return {
      shape: [count, ...header.shape.slice(1)],
      pixels,
      codes: request.back ? structuredClone(header.codes) : {},
      ...(request.classes && header.said
        ? { classes: frames.map(() => /** @type {number[]} */ (header.said)) }
        : {}),
    };
  }

  /** @param {Request} request the first item's kept blocks under each class */
  #classes({ codes, label, move }) {
    const { every, codes: start } = this.header;
    if (!every || move || !codes || label?.length !== every.count || !label.every((c, n) => c === n))
      return null;
    const same = every.kept.every((name) => codes[name]?.every((row) => isNear(row, start[name][0])));
    return same && Object.keys(codes).length === every.kept.length ? label.map((c) => every.from + c) : null;
  }

  /** @param {Request} request rows of the first item's code, in each of which one handle has moved, or none */
  #rows({ codes, mix, move }) {
    const { item, codes: start } = this.header;
    if (move && Object.keys(move).length) return null;
    if (mix) {
      const rows = Object.values(mix);
      return rows.every(
        (each) => each.length === 1 && each[0].length === 1 && each[0][0][0] === item && each[0][0][1] === 1,
      ) && Object.keys(start).every((name) => name in mix)
        ? [0]
        : null;
    }
    if (!codes) return null;
    const [first] = Object.values(codes);
    const frames = first.map((_, n) =>
      this.#frame(Object.entries(codes).map(([name, rows]) => [name, rows[n]])),
    );
    return frames.every((frame) => frame >= 0) ? frames : null;
  }

  /**
   * The picture that is nearest to a code, -1 where none is of it.
   * @param {[string, number[]][]} code
   */
  #frame(code) {
    const { codes: start, handles } = this.header;
    /** @type {[string, number, number][]} */
    const moved = code.flatMap(([name, row]) =>
      row.flatMap((value, d) =>
        Math.abs(value - start[name][0][d]) > NEAR
          ? [/** @type {[string, number, number]} */ ([name, d, value])]
          : [],
      ),
    );
    if (!moved.length) return 0;
    const [[block, dimension, value]] = moved;
    const handle = handles.find((each) => each.block === block && each.dimension === dimension);
    if (
      !handle ||
      moved.some(([name, d]) => (name !== block || d !== dimension) && !handle.below.includes(name))
    )
      return -1;
    const [low, high] = [handle.values[0], handle.values[handle.values.length - 1]];
    const share = (value - low) / (high - low);
    const last = handle.values.length - 1;
    return handle.from + Math.max(0, Math.min(last, Math.round(share * last)));
  }
}

/**
 * @param {readonly number[]} a
 * @param {readonly number[]} b
 */
const isNear = (a, b) => a.every((value, d) => Math.abs(value - b[d]) <= NEAR);
