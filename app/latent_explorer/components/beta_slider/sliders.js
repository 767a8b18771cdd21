// The sliders stay Streamlit's: it sends what they say when they are let go. Until then it is told here to what follows.

import { pageBetas } from "../shared/betas.js";
import { element } from "../shared/elements.js";
import { betaOf, classOf, isApart, shareOf } from "./reading.js";

/**
 * A slider: its key, the betas at its ends, and those at which the atlas was made.
 * @typedef {{key: string, range: [number, number], grid: number[]}} SliderData
 */

/**
 * @typedef {object} SlidersData
 * @property {string} model
 * @property {Record<string, number>} betas at which this run stands
 * @property {Record<string, SliderData>} blocks
 */

/** @typedef {import("../shared/mounting.js").Call<SlidersData>} SlidersCall */

const SAYS = { subtree: true, attributeFilter: ["aria-valuetext"] };
const ENDS = ["pointerup", "pointercancel"];

export class BetaSliders {
  #betas = pageBetas();
  #ended = new AbortController();
  #observer = new MutationObserver(() => this.#said());
  #resize = new ResizeObserver(() => this.#draw());
  /** @type {string | null} the block whose slider was touched last */
  #block = null;
  #isHeld = false;
  /** @type {import("../shared/betas.js").BetasOf} what a handle elsewhere moves to, where it does */
  #elsewhere = {};
  /** @type {import("../shared/betas.js").Follower} */
  #follower = {
    model: () => this.data.model,
    moved: ({ betas }) => this.#mark(betas),
  };
  #unfollow;

  root = element("div", { class: "beta-sliders", "aria-hidden": "true" });

  /**
   * @param {ParentNode} parent
   * @param {SlidersCall} call
   */
  constructor(parent, { data }) {
    this.data = data;
    parent.append(this.root);
    this.#unfollow = this.#betas.follow(this.#follower);
    const { signal } = this.#ended;
    const listen = (/** @type {string} */ name, /** @type {(event: Event) => void} */ act) =>
      document.addEventListener(name, act, { signal, capture: true });
    listen("pointerdown", (event) => this.#touched(event, true));
    listen("focusin", (event) => this.#touched(event, false));
    for (const name of ENDS) listen(name, () => this.#letGo());
  }

  /** @param {SlidersCall} call */
  update({ data }) {
    this.data = data;
    this.#elsewhere = {};
    this.#resize.disconnect();
    for (const block of Object.keys(data.blocks)) {
      const track = this.#trackOf(block);
      if (track) this.#resize.observe(track);
    }
    this.#draw();
  }

  // ---- what the sliders say

  /** @param {string} block */
  #placeOf(block) {
    return document.querySelector(`.${classOf(this.data.blocks[block].key)}`);
  }

  /** @param {string} block */
  #inputOf(block) {
    return this.#placeOf(block)?.querySelector("input[type=range]") ?? null;
  }

  /** @param {string} block */
  #trackOf(block) {
    return this.#inputOf(block)?.closest("[role=group]")?.firstElementChild ?? null;
  }

  /**
   * @param {Event} event
   * @param {boolean} isPointer
   */
  #touched(event, isPointer) {
    const target = /** @type {Element} */ (event.target);
    const block = Object.keys(this.data.blocks).find((each) => this.#placeOf(each)?.contains(target));
    if (!block) return;
    this.#block = block;
    if (isPointer) this.#hold(true); // the focus comes with the pointer
    this.#observer.disconnect();
    const place = this.#placeOf(block);
    if (place) this.#observer.observe(place, SAYS);
    this.#betas.touch(this.data.model, block);
  }

  #letGo() {
    if (!this.#isHeld) return;
    this.#hold(false);
    this.#betas.release();
  }

  /** @param {boolean} isHeld which the page's style asks for: on a phone the sidebar lies over what follows */
  #hold(isHeld) {
    this.#isHeld = isHeld;
    document.documentElement.toggleAttribute("data-beta-held", isHeld);
  }

  #said() {
    const block = this.#block;
    // What the script sets, nobody moves: the slider is neither held nor has the focus.
    const isMoved = this.#isHeld || (block && this.#placeOf(block)?.contains(document.activeElement));
    if (!block || !isMoved) return;
    const said = Object.keys(this.data.blocks).map((each) => [each, betaOf(this.#inputOf(each))]);
    if (said.some(([, beta]) => beta === null)) return;
    const betas = Object.fromEntries(said);
    this.#betas.move({ model: this.data.model, block, betas }, { by: this.#follower, held: this.#isHeld });
  }

  // ---- marks on the tracks

  /** @param {import("../shared/betas.js").BetasOf} betas */
  #mark(betas) {
    this.#elsewhere = betas;
    this.#draw();
  }

  #draw() {
    const own = this.root.getBoundingClientRect();
    this.root.replaceChildren(
      ...Object.keys(this.data.blocks).flatMap((block) => {
        const track = this.#trackOf(block)?.getBoundingClientRect();
        return track?.width ? [this.#marksOf(block, track, own)] : [];
      }),
    );
  }

  /**
   * @param {string} block
   * @param {DOMRect} track
   * @param {DOMRect} own
   */
  #marksOf(block, track, own) {
    const { grid, range } = this.data.blocks[block];
    const at = (/** @type {number} */ beta) => `left:${100 * shareOf(beta, range)}%`;
    const marks = grid.map((beta) => element("i", { style: at(beta) }));
    const elsewhere = this.#elsewhere[block];
    if (elsewhere && isApart(elsewhere, betaOf(this.#inputOf(block))))
      marks.push(element("i", { class: "elsewhere", style: at(elsewhere) }));
    const place = `left:${track.left - own.left}px; top:${track.top - own.top}px; width:${track.width}px; height:${track.height}px`;
    return element("div", { class: "marks", style: place, "data-block": block }, ...marks);
  }

  destroy() {
    this.#letGo();
    this.#ended.abort();
    this.#observer.disconnect();
    this.#resize.disconnect();
    this.#unfollow();
    this.root.remove();
  }
}
