// A value that both the user and the script may set.

/**
 * Every rerun brings the script's idea of the value, often older than what the user just did. It is an order only if
 * it has changed and is not the echo of a report.
 */
export class Told {
  /** @type {string | undefined} */
  #last;
  /** @type {string[]} */
  #pending = [];

  /**
   * Whether the script wants `value` to be shown now.
   * @param {unknown} value
   */
  accepts(value) {
    const text = JSON.stringify(value);
    const changed = text !== this.#last;
    this.#last = text;
    const echo = this.#pending.lastIndexOf(text);
    if (echo >= 0) {
      this.#pending.splice(0, echo + 1);
      return false;
    }
    if (changed) this.#pending = [];
    return changed;
  }

  /** @param {unknown} value */
  reports(value) {
    this.#pending.push(JSON.stringify(value));
  }
}
