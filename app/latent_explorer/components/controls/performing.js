// What moves by itself: the handles one after the other, until somebody touches something, and one that is asked to.

const ROUNDS = 2; // of all handles

/** @typedef {Pick<import("./handle.js").Handle, "sweep" | "rest" | "block" | "dimension">} Sweeps what of a handle is needed here */

/**
 * What is asked and told meanwhile.
 * @template {Sweeps} H
 * @typedef {object} Stage
 * @property {() => readonly H[]} handles
 * @property {(handle: H) => number} at where a handle stands
 * @property {() => boolean} isMoved whether somebody has moved a handle
 * @property {() => boolean} isStill whether nothing is to move by itself
 * @property {(handle: H) => void} rested what a sweep has shown is to be undone
 */

/** @template {Sweeps} H */
export class Performing {
  #stage;
  #isShow = true; // whether nobody has touched anything yet
  #turns = 0; // how many handles have moved by themselves
  /** @type {H | null} */
  #sweeping = null;

  /**
   * @param {Stage<H>} stage
   * @param {boolean} isShow whether handles move unasked
   */
  constructor(stage, isShow) {
    this.#stage = stage;
    this.#isShow = isShow;
  }

  /** The handle that moves now, by itself or because it was asked to. */
  get sweeping() {
    return this.#sweeping;
  }

  /** The next handle moves, unless somebody has touched something, or wants nothing to move. */
  perform() {
    const handles = this.#stage.handles();
    if (!this.#isShow || this.#stage.isStill() || this.#sweeping || this.#stage.isMoved()) return;
    if (this.#turns < ROUNDS * handles.length) this.play(handles[this.#turns++ % handles.length]);
  }

  /**
   * Take a handle through its range and back, or stop it.
   * @param {H} handle
   */
  play(handle) {
    const wasPlaying = this.#sweeping === handle;
    this.rest();
    if (wasPlaying) return;
    this.#sweeping = handle;
    handle.sweep(this.#stage.at(handle), () => {
      this.rest();
      this.perform();
    });
  }

  /** What moves comes to rest. */
  rest() {
    const handle = this.#sweeping;
    if (!handle) return;
    handle.rest();
    this.#sweeping = null;
    this.#stage.rested(handle);
  }

  /** Somebody has touched something: from now on a handle moves where it is asked to. */
  interrupt() {
    this.#isShow = false;
    this.rest();
  }

  /** Nothing moves any more, and nothing is undone. */
  destroy() {
    this.#isShow = false;
    this.#sweeping?.rest();
  }
}
