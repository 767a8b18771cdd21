// When a view that was moved is still again.

const STILL_MS = 150;

export class Settling {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {() => void} onStill */
  constructor(onStill) {
    this.onStill = onStill;
  }

  /** Whether the view moves. */
  get pending() {
    return this.#timer !== undefined;
  }

  /** The view was moved. */
  start() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.onStill();
    }, STILL_MS);
  }

  cancel() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
