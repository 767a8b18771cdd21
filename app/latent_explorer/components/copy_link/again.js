// After a lost connection the page's script is run anew: the server may be another one, which knows the page by its address alone and
// nothing of its parts. Streamlit itself waits for the next widget, and asks the new server for a part that it never drew.

// Streamlit connects later than the live route, and what is asked before is lost; a server that has just started takes its time, and is not
// to begin anew every second: each wait is twice the one before.
const AGAIN_MS = 1000;

export class Again {
  #lost = false;
  #asked = 0;
  #number = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {import("../shared/decoder.js").Decoder} decoder of the page
   * @param {(number: number) => void} ask for a run of the whole script
   */
  constructor(decoder, ask) {
    this.ask = ask;
    this.end = decoder.watch((online) => this.#changed(online));
  }

  /** @param {boolean} online */
  #changed(online) {
    if (online && this.#lost) this.#ask(++this.#number, AGAIN_MS);
    this.#lost = !online;
  }

  /**
   * @param {number} number
   * @param {number} wait milliseconds until it is asked again
   */
  #ask(number, wait) {
    this.#asked = number;
    clearTimeout(this.#timer);
    this.ask(number);
    this.#timer = setTimeout(() => this.#ask(number, 2 * wait), wait);
  }

  /**
   * Hear what the script has answered: once it has, it is not asked any more.
   * @param {number | null} number
   */
  answered(number) {
    if (number === this.#asked) clearTimeout(this.#timer);
  }

  destroy() {
    clearTimeout(this.#timer);
    this.end();
  }
}
