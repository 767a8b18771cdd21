// The betas while a handle of beta moves: whoever moves one says so here, and what shows something of the model follows before the script runs.

/**
 * @typedef {Record<string, number>} BetasOf by block
 * @typedef {{model: string, block: string, betas: BetasOf}} Moved the betas of all blocks, and the block whose handle moves
 */

/**
 * What follows.
 * @typedef {object} Follower
 * @property {() => string} model that it shows
 * @property {(moved: Moved) => void} moved
 * @property {(block: string) => void} [touched] a handle of that block's beta may move soon
 */

// Where any of these comes, nothing is held any more: a range that was moved there and back tells of no change.
const ENDS = ["pointerup", "pointercancel", "keyup"];

export class Betas {
  #ended = new AbortController();
  /** @type {Set<Follower>} */
  #followers = new Set();
  /** @type {Moved | null} what a handle that is still held says */
  #held = null;

  /**
   * A handle is about to move.
   * @param {string} model
   * @param {string} block
   */
  touch(model, block) {
    this.#of(model).forEach(({ touched }) => touched?.(block));
  }

  /**
   * A handle has moved.
   * @param {Moved} moved
   * @param {{by?: Follower, held?: boolean}} how by whom, who needs not be told, and whether it is still held
   */
  move(moved, { by, held = false } = {}) {
    if (held && !this.#held) this.#untilLetGo();
    this.#held = held ? moved : null;
    this.#of(moved.model).forEach((follower) => follower !== by && follower.moved(moved));
  }

  /** The handle was let go: what the script says counts again. */
  release() {
    this.#held = null;
    this.#ended.abort();
  }

  #untilLetGo() {
    this.#ended = new AbortController();
    const { signal } = this.#ended;
    for (const name of ENDS)
      globalThis.document?.addEventListener(name, () => this.release(), { signal, capture: true });
  }

  /**
   * What a handle says that is held while the script speaks; null while none is.
   * @param {string} model
   */
  heldOf(model) {
    return this.#held?.model === model ? this.#held : null;
  }

  /**
   * Tell a follower of every move; what comes back ends that.
   * @param {Follower} follower
   */
  follow(follower) {
    this.#followers.add(follower);
    return () => void this.#followers.delete(follower);
  }

  /** @param {string} model */
  #of(model) {
    return [...this.#followers].filter((follower) => follower.model() === model);
  }
}

/**
 * Whether both are the same betas.
 * @param {BetasOf} a
 * @param {BetasOf} b
 */
export const alike = (a, b) => Object.keys({ ...a, ...b }).every((block) => a[block] === b[block]);

/**
 * The page's betas. They stand on `globalThis`, as the page's decoder does: every component's folder has its own copy of this module.
 * @returns {Betas}
 */
export function pageBetas() {
  const page = /** @type {{latentExplorerBetas?: Betas}} */ (globalThis);
  return (page.latentExplorerBetas ??= new Betas());
}

/** One who shows something of a model, and may have a handle of beta too. */
export class Following {
  #follower;
  #end;

  /**
   * @param {() => string} model
   * @param {(moved: Moved) => void} moved
   * @param {(block: string) => void} [touched]
   */
  constructor(model, moved, touched) {
    this.#follower = { model, moved, touched };
    this.#end = pageBetas().follow(this.#follower);
  }

  /** The script has spoken: what a handle says that is still held goes before its word. */
  again() {
    const held = pageBetas().heldOf(this.#follower.model());
    if (held) this.#follower.moved(held);
  }

  /** @param {string} block whose handle was touched */
  touch(block) {
    pageBetas().touch(this.#follower.model(), block);
  }

  /**
   * The own handle of a block has moved.
   * @param {string} block
   * @param {BetasOf} betas
   */
  move(block, betas, held = true) {
    pageBetas().move({ model: this.#follower.model(), block, betas }, { by: this.#follower, held });
  }

  release() {
    pageBetas().release();
  }

  end() {
    this.#end();
  }
}
