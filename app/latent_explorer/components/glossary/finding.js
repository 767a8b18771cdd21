// Where terms stand in a text.

/**
 * A term: what the glossary calls it, what it means, its formula, and every way in which a page may write it.
 * @typedef {{word: string, means: string, formula: string, forms: string[]}} Term
 */
/** @typedef {{start: number, end: number, term: Term}} Found */

const SPECIAL = /[.*+?^${}()|[\]\\]/g;

/** Finds terms in texts: whole words, singular or plural, the longest where several begin. */
export class Finder {
  /** @type {Map<string, Term>} */
  #terms = new Map();
  #pattern;
  #guarded;

  /**
   * @param {Term[]} terms
   * @param {string} guard stands on both sides of what others wrote, which is left alone
   */
  constructor(terms, guard) {
    for (const term of terms) for (const form of term.forms) this.#terms.set(form.toLowerCase(), term);
    const forms = [...this.#terms.keys()].sort((a, b) => b.length - a.length);
    const any = forms.map((form) => form.replace(SPECIAL, "\\$&")).join("|");
    this.#pattern = new RegExp(`(?<![\\p{L}\\p{N}_-])(${any})s?(?![\\p{L}\\p{N}_-])`, "giu");
    this.#guarded = new RegExp(`${guard}[^${guard}]*${guard}`, "gu");
  }

  /**
   * The terms of a text that are not yet among the known ones, each where it first stands; they are known from then on.
   * @param {string} text
   * @param {Set<Term>} known
   * @returns {Found[]}
   */
  first(text, known) {
    const own = text.replace(this.#guarded, (others) => "\0".repeat(others.length));
    const found = [];
    for (const { index, 0: whole, 1: form } of own.matchAll(this.#pattern)) {
      const term = /** @type {Term} */ (this.#terms.get(form.toLowerCase()));
      if (known.has(term)) continue;
      known.add(term);
      found.push({ start: index, end: index + whole.length, term });
    }
    return found;
  }
}
