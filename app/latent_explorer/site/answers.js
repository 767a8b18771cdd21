// What answers a request on a published page: variables are fixed, the rest is generated, as `vae_core.serving` does on a server.

import { fromBase64 } from "../components/shared/envelope.js";
import { addItem, corners } from "./atlas.js";
import { Generator } from "./draws.js";
import { centred, drawn } from "./drawing.js";
import { drawOf, filled, largest, meanOf, oneHot } from "./priors.js";

/**
 * @typedef {import("../components/shared/decoder.js").Decoded} Decoded
 * @typedef {import("../components/shared/decoder.js").Request} Request
 * @typedef {import("./atlas.js").Encoded} Encoded
 * @typedef {import("./priors.js").Form} Form
 * @typedef {import("./priors.js").Parameters} Parameters
 * @typedef {import("./priors.js").Rows} Rows
 * @typedef {Record<string, Rows>} Codes of each variable
 */

/**
 * A variable that is generated before the image: what it reads, and how its distribution is had.
 * @typedef {object} Prior
 * @property {string} name
 * @property {string[]} given
 * @property {boolean} latent
 * @property {Form} form
 * @property {"table" | "graph"} by
 * @property {string[]} [reads] the inputs of its graph
 */

/**
 * What is told of a model, as `vae_core.interchange.answering` writes it.
 * @typedef {object} Told
 * @property {Record<string, string[]>} inputs of each graph
 * @property {string[]} latents
 * @property {string[]} coded what a code is made of
 * @property {Record<string, number>} sizes
 * @property {number} classes
 * @property {boolean} labelled whether a class changes what is generated
 * @property {Record<string, string[]>} below
 * @property {Record<string, {usual: number, low: number, high: number}>} betas
 * @property {Prior[]} priors in the order of sampling
 * @property {number[]} shape of an observation
 */

/**
 * What a model runs on.
 * @typedef {object} Means
 * @property {(graph: string, inputs: Record<string, {dims: number[], data: Float32Array}>) => Promise<Record<string, {dims: readonly number[], data: ArrayLike<number>}>>} run
 * @property {Parameters} tables parameters of priors, by "<name>.<parameter>"
 * @property {Record<string, number[]>} grid the beta of each block at each point of the atlas
 * @property {(point: number) => Promise<{codes: Record<string, Encoded>, labels: ArrayLike<number>}>} encodings
 */

const LABEL = "y";
const LATE = 128; // rows that a graph is given at once

export class Answers {
  /**
   * @param {Told} told
   * @param {Means} means
   */
  constructor(told, means) {
    this.told = told;
    this.means = means;
  }

  /**
   * Raises an Error with one sentence for what does not fit the model.
   * @param {Request} request
   * @returns {Promise<Decoded>}
   */
  async answer(request) {
    const { told } = this;
    const betas = this.#betas(request.betas ?? {});
    const { codes, count } = await this.#fixed(request, betas);
    const { draw } = request;
    const whole = told.coded.every((name) => name in codes);
    if (!whole)
      await this.#generate(codes, count, draw && { ...draw, generator: new Generator(draw.seed ?? 0) });
    await this.#move(codes, request.move ?? {}, count);
    const picture = await this.#run("decode", codes, betas, count, "picture");
    const said = request.classes && "classes" in told.inputs;
    const shares = said ? await this.#run("classes", codes, betas, count, "shares") : null;
    return {
      shape: [count, ...picture.dims.slice(1)],
      pixels: picture.data,
      codes: request.back ? Object.fromEntries(told.coded.map((name) => [name, listed(codes[name])])) : {},
      ...(shares ? { classes: listed({ width: told.classes, data: Float32Array.from(shares.data) }) } : {}),
    };
  }

  /** @param {Record<string, number>} asked */
  #betas(asked) {
    const { betas } = this.told;
    return Object.fromEntries(
      Object.entries(betas).map(([block, { usual, low, high }]) => [
        block,
        Math.max(low, Math.min(high, asked[block] ?? usual)),
      ]),
    );
  }

  /**
   * Every variable that a request fixes.
   * @param {Request} request
   * @param {Record<string, number>} betas
   * @returns {Promise<{codes: Codes, count: number}>}
   */
  async #fixed(request, betas) {
    const { told } = this;
    /** @type {Codes} */
    const codes = {};
    for (const [name, rows] of Object.entries(request.codes ?? {}))
      codes[name] = coded(
        name,
        filled(rows.length, (n) => rows[n]),
      );
    for (const [name, rows] of Object.entries(request.mix ?? {}))
      codes[name] = await this.#mixed(name, rows, betas);
    if (request.image || request.drawing) {
      const found = await this.#encoded(request, betas);
      for (const name of (request.image ?? request.drawing)?.latents ?? []) codes[name] = found[name];
    }
    const { label } = request;
    if (label && told.labelled) codes[LABEL] = filled(label.length, (n) => oneHot(label[n], told.classes));
    const first = Object.values(codes)[0];
    return { codes, count: first ? first.data.length / first.width : (request.n ?? 1) };
  }

  /**
   * The sum of items' encodings, times weights, of each row.
   * @param {string} name
   * @param {[number, number][][]} rows
   * @param {Record<string, number>} betas
   */
  async #mixed(name, rows, betas) {
    const near = corners(this.means.grid, betas);
    const points = await Promise.all(near.map(([point]) => this.means.encodings(point)));
    const width = name === LABEL ? this.told.classes : this.told.sizes[name];
    const sums = filled(rows.length, (n) => {
      const code = new Float32Array(width);
      for (const [item, weight] of rows[n]) {
        points.forEach(({ codes, labels }, place) => {
          const share = weight * near[place][1];
          if (name in codes) addItem(codes[name], item, share, code);
          else code[labels[item]] += share;
        });
      }
      return code;
    });
    return coded(name, sums);
  }

  /**
   * The code of an image that is given by its pixels or by strokes.
   * @param {Request} request
   * @param {Record<string, number>} betas
   * @returns {Promise<Codes>}
   */
  async #encoded({ image, drawing }, betas) {
    const { shape, coded: names, inputs } = this.told;
    if (!("encode" in inputs)) throw new Error("this model has no encoder on this page");
    const [channels, height, width] = shape;
    let bytes = new Float32Array();
    if (image) bytes = Float32Array.from(fromBase64(image.pixels));
    else if (drawing) {
      const figure = drawn(drawing.strokes, height, width);
      if (!figure) throw new Error("nothing is drawn yet");
      const { values } = drawing.centre ? centred(figure) : figure;
      bytes = Float32Array.from({ length: channels * height * width }, (_, i) => values[i % values.length]);
    }
    const feeds = {
      pixels: { dims: [1, ...shape], data: bytes.map((value) => value / 255) },
      ...this.#rates("encode", betas, 1),
    };
    const found = await this.means.run("encode", feeds);
    return Object.fromEntries(
      names.map((name) => [name, { width: found[name].dims[1], data: Float32Array.from(found[name].data) }]),
    );
  }

  /**
   * The variables that nothing fixes, in their order: means, or draws.
   * @param {Codes} codes
   * @param {number} count
   * @param {{generator: Generator, temperature?: number} | undefined} draw
   */
  async #generate(codes, count, draw) {
    for (const prior of this.told.priors) {
      if (!(prior.name in codes)) codes[prior.name] = await this.#one(prior, codes, count, draw);
    }
  }

  /**
   * @param {Prior} prior
   * @param {Codes} codes
   * @param {number} count
   * @param {{generator: Generator, temperature?: number} | undefined} draw
   * @returns {Promise<Rows>}
   */
  async #one(prior, codes, count, draw) {
    const { name, form, latent } = prior;
    if (!prior.given.every((parent) => parent in codes || parent.startsWith("log_beta")))
      throw new Error(`this model needs ${prior.given.join(", ")} to generate ${name}: choose a class`);
    if (form === "flow" && draw) {
      const width = this.told.sizes[name];
      const noise = draw.generator.normals(count * width).map((value) => value * (draw.temperature ?? 1));
      const feeds = Object.fromEntries(prior.given.map((parent) => [parent, fed(codes[parent], count)]));
      const found = await this.means.run(`draw_${name}`, {
        ...feeds,
        noise: { dims: [count, width], data: noise },
      });
      return { width, data: Float32Array.from(found[name].data) };
    }
    const parameters =
      prior.by === "table" ? this.#table(prior, codes, count) : await this.#graph(prior, codes, count);
    return latent && draw
      ? drawOf(form, parameters, count, draw.generator, draw.temperature ?? 1)
      : meanOf(form, parameters, count);
  }

  /**
   * The parameters of a prior that reads the class or nothing.
   * @param {Prior} prior
   * @param {Codes} codes
   * @param {number} count
   * @returns {Parameters}
   */
  #table({ name, given }, codes, count) {
    const known = Object.entries(this.means.tables).filter(([key]) => key.startsWith(`${name}.`));
    /** @type {(rows: Rows) => Rows} */
    const chosen = (rows) => {
      if (!given.length) return rows;
      return filled(count, (n) => {
        const c = largest(row(codes[LABEL], n));
        return rows.data.subarray(c * rows.width, (c + 1) * rows.width);
      });
    };
    return Object.fromEntries(known.map(([key, rows]) => [key.slice(name.length + 1), chosen(rows)]));
  }

  /**
   * @param {Prior} prior
   * @param {Codes} codes
   * @param {number} count
   * @returns {Promise<Parameters>}
   */
  async #graph({ name, reads = [] }, codes, count) {
    const feeds = Object.fromEntries(reads.map((parent) => [parent, fed(codes[parent], count)]));
    const found = await this.means.run(`prior_${name}`, feeds);
    return Object.fromEntries(
      Object.entries(found).map(([key, { dims, data }]) => {
        const rows = dims[0] === count ? count : 1;
        return [key, { width: data.length / rows, data: Float32Array.from(data) }];
      }),
    );
  }

  /**
   * Put moved coordinates in their places, parents first; what hangs below one of them is generated anew before its own moves.
   * @param {Codes} codes
   * @param {Record<string, Record<number, number>>} moves
   * @param {number} count
   */
  async #move(codes, moves, count) {
    const { priors, below } = this.told;
    for (const { name } of priors) {
      if (!(name in moves)) continue;
      const { width, data } = (codes[name] = { width: codes[name].width, data: codes[name].data.slice() });
      for (const [d, value] of Object.entries(moves[name])) {
        for (let n = 0; n < count; n++) data[n * width + Number(d)] = value;
      }
      const lower = below[name] ?? [];
      if (!lower.length) continue;
      const rest = Object.fromEntries(Object.entries(codes).filter(([other]) => !lower.includes(other)));
      const upTo = priors.findLastIndex((prior) => lower.includes(prior.name));
      for (const prior of priors.slice(0, upTo + 1)) {
        if (!(prior.name in rest)) rest[prior.name] = await this.#one(prior, rest, count, undefined);
      }
      for (const part of lower) codes[part] = rest[part];
    }
  }

  /**
   * @param {string} graph
   * @param {Record<string, number>} betas
   * @param {number} count
   */
  #rates(graph, betas, count) {
    /** @type {Record<string, {dims: number[], data: Float32Array}>} */
    const feeds = {};
    const read = Object.entries(betas).filter(([block]) => this.told.inputs[graph].includes(`beta_${block}`));
    for (const [block, beta] of read)
      feeds[`beta_${block}`] = { dims: [count, 1], data: new Float32Array(count).fill(beta) };
    return feeds;
  }

  /**
   * What a graph makes of codes: all rows, so many at a time.
   * @param {"decode" | "classes"} graph
   * @param {Codes} codes
   * @param {Record<string, number>} betas
   * @param {number} count
   * @param {string} output
   */
  async #run(graph, codes, betas, count, output) {
    const { inputs, classes } = this.told;
    // A class that only the spread of x reads need not be there: the mean is the same for each.
    const even = { width: classes, data: new Float32Array(classes).fill(1 / classes) };
    /** @type {{dims: readonly number[], data: ArrayLike<number>}[]} */
    const parts = [];
    for (let from = 0; from < count; from += LATE) {
      const size = Math.min(LATE, count - from);
      const feeds = this.#rates(graph, betas, size);
      for (const name of inputs[graph]) {
        if (!name.startsWith("beta_")) feeds[name] = fed(codes[name] ?? even, size, from);
      }
      parts.push((await this.means.run(graph, feeds))[output]);
    }
    if (parts.length === 1) return parts[0];
    const Numbers = graph === "decode" ? Uint8Array : Float32Array;
    const data = new Numbers(parts.reduce((sum, part) => sum + part.data.length, 0));
    parts.reduce((at, part) => (data.set(part.data, at), at + part.data.length), 0);
    return { dims: [count, ...parts[0].dims.slice(1)], data };
  }
}

/**
 * A class is the most probable one of its probabilities.
 * @param {string} name
 * @param {Rows} rows
 */
function coded(name, rows) {
  return name === LABEL
    ? filled(rows.data.length / rows.width, (n) => oneHot(largest(row(rows, n)), rows.width))
    : rows;
}

/**
 * @param {Rows} rows
 * @param {number} n
 */
const row = ({ width, data }, n) => data.subarray(n * width, (n + 1) * width);

/**
 * Rows as a graph is given them; one row stands for all.
 * @param {Rows} rows
 * @param {number} count
 */
function fed({ width, data }, count, from = 0) {
  const single = data.length === width && count > 1;
  const part = single ? filled(count, () => data).data : data.subarray(from * width, (from + count) * width);
  return { dims: [count, width], data: part };
}

/**
 * Rows as a page reads them: to four decimals.
 * @param {Rows} rows
 */
const listed = ({ width, data }) =>
  Array.from({ length: data.length / width }, (_, n) =>
    Array.from(data.subarray(n * width, (n + 1) * width), (value) => Math.round(value * 1e4) / 1e4),
  );
