// The curves of a run, from its frames: what is on one scale is drawn together.

/** @typedef {import("./following.js").Following} Following */
/** @typedef {import("./curves.js").Curve} Curve */

const SCORES = /^(loss|distortion|unlabelled)/; // on the scale of the loss; rates and penalties are on another

/**
 * The values of each term by frame, kept as frames come.
 */
export class Series {
  /** @type {number[][]} by term */
  #values = [];
  /** @type {import("./frames.js").Frames | null} */
  #of = null;
  #count = 0;

  /**
   * @param {Following} run
   * @returns {Record<string, number[]>} by the name of a term
   */
  read({ header, frames }) {
    if (!header || !frames) return {};
    if (frames !== this.#of) {
      this.#of = frames;
      this.#count = 0;
      this.#values = header.terms.map(() => []);
    }
    for (; this.#count < frames.count; this.#count++) {
      const terms = frames.values("terms", this.#count);
      this.#values.forEach((own, place) => own.push(terms[place]));
    }
    return Object.fromEntries(header.terms.map((name, place) => [name, this.#values[place]]));
  }
}

/**
 * Which of two plots a term is drawn in.
 * @param {string} term
 */
export const isScore = (term) => SCORES.test(term);

/**
 * A term as a label.
 * @param {string} term
 */
export const named = (term) => (term.startsWith("rate_") ? `KL ${term.slice(5)}` : term.replaceAll("_", " "));

/**
 * Validation losses, which are known by epoch, by step.
 * @param {[number, number][]} validation
 * @param {{steps?: number, epochs?: number}} status
 * @returns {{steps: number[], values: number[]}}
 */
export function byStep(validation, { steps = 0, epochs = 0 }) {
  const each = epochs ? steps / epochs : 0;
  return {
    steps: validation.map(([epoch]) => Math.round(epoch * each)),
    values: validation.map(([, value]) => value),
  };
}

/**
 * The curves of both plots.
 * @param {Following} run
 * @param {Record<string, number[]>} values
 * @param {string[]} shades
 * @param {boolean} dashed
 * @returns {{scores: Curve[], rates: Curve[]}}
 */
export function curvesOf(run, values, shades, dashed) {
  /** @type {{scores: Curve[], rates: Curve[]}} */
  const found = { scores: [], rates: [] };
  Object.entries(values).forEach(([term, own], place) => {
    const curve = {
      name: named(term),
      colour: shades[place % shades.length],
      steps: run.steps,
      values: own,
      dashed,
    };
    (isScore(term) ? found.scores : found.rates).push(curve);
  });
  const held = byStep(run.validation, run.status);
  if (held.steps.length)
    found.scores.push({ name: "validation", colour: shades[shades.length - 1], ...held, dashed });
  return found;
}
