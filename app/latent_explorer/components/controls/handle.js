// One handle: a range over a dimension of a block, with its number and a button that sweeps it.

import { element } from "../shared/elements.js";
import { placeWords, signed, swept } from "./state.js";

const SWEEP_MS = 2600; // how long a handle takes through its range and back
const STEPS = 60; // of an arrow key through the range

/**
 * What a handle tells: the coordinate moves, goes back to the start, or is left.
 * @typedef {object} Told
 * @property {(block: string, dimension: number, to: number) => void} move
 * @property {(block: string, dimension: number) => void} putBack
 * @property {() => void} leave
 */

export class Handle {
  #frame = 0;

  /**
   * @param {string} block
   * @param {import("./state.js").HandleData} data
   * @param {string} unit
   * @param {Told} told
   * @param {string} name
   */
  constructor(
    block,
    { dimension, low, high, used, active, place, factor = "", tells = "" },
    unit,
    told,
    name = `${block}[${dimension}]`,
  ) {
    this.block = block;
    this.dimension = dimension;
    this.low = low;
    this.high = high;
    this.told = told;
    this.name = name;
    const called = factor ? `${this.name} · ${factor}` : this.name;
    const spoken = place.length ? `${called} at ${placeWords(place)}` : called;
    this.input = element("input", {
      type: "range",
      min: low,
      max: high,
      step: "any",
      "aria-label": `${spoken}, ${unit}: ${used}`,
      "data-handle": this.name,
      title: "Drag, or use the arrow keys; a double click or Delete puts it back to the start",
    });
    this.value = element("output", { class: "value" });
    this.tick = element("span", { class: "tick" });
    this.play = element(
      "button",
      {
        type: "button",
        class: "play",
        title: `Sweep ${spoken} through its range`,
        "aria-label": `Sweep ${spoken}`,
      },
      "▸",
    );
    // A dimension has a page of its own, to which its name leads.
    const about = `All about ${spoken}${tells && `: ${tells}`}`;
    const look = { class: "name", title: dimension < 0 ? `${spoken}: ${unit}` : about };
    const words = place.length ? place.join("/") : called;
    this.title = dimension < 0 ? element("span", look, words) : element("a", look, words);
    this.root = element(
      "div",
      { class: `handle${active ? "" : " dead"}${place.length ? " placed" : ""}${factor ? " told" : ""}` },
      this.play,
      this.title,
      element("span", { class: "track" }, this.tick, this.input),
      this.value,
      element("span", { class: "note", title: unit }, used),
    );
    this.input.oninput = () => this.#move(Number(this.input.value));
    this.input.onchange = () => told.leave();
    this.input.ondblclick = () => told.putBack(block, dimension);
    this.input.onkeydown = (event) => this.#key(event);
    this.input.onkeyup = (event) => /Arrow|Page/.test(event.key) && told.leave();
  }

  /** @param {number} to */
  #move(to) {
    this.told.move(this.block, this.dimension, to);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = (this.high - this.low) / STEPS;
    /** @type {Record<string, number>} */
    const steps = {
      ArrowLeft: -step,
      ArrowDown: -step,
      ArrowRight: step,
      ArrowUp: step,
      PageUp: 6 * step,
      PageDown: -6 * step,
    };
    // The step "any" leaves the pointer free and would let a key move by 1.
    const by = steps[event.key];
    if (event.key === "Delete" || event.key === "Backspace") this.told.putBack(this.block, this.dimension);
    else if (by) this.#move(Math.min(this.high, Math.max(this.low, Number(this.input.value) + by)));
    else return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit has shortcuts of its own
  }

  /**
   * Show a coordinate, whether it was moved, and where it started.
   * @param {number} number
   * @param {boolean} moved
   * @param {number | undefined} from
   */
  show(number, moved, from) {
    const text = signed(number);
    // What a range refuses, it clamps: a code beyond the ends shows its number all the same.
    if (Number(this.input.value) !== number) this.input.value = String(number);
    this.value.textContent = text;
    this.input.setAttribute("aria-valuetext", text);
    this.root.classList.toggle("moved", moved);
    this.tick.hidden = !moved || from === undefined;
    if (!moved || from === undefined) return;
    const share = Math.max(0, Math.min(1, (from - this.low) / (this.high - this.low)));
    this.tick.style.setProperty("--at", String(share));
  }

  /**
   * Go through the range and back, as a hand would; `done` is called at the end.
   * @param {number} from
   * @param {() => void} done
   */
  sweep(from, done) {
    const begin = performance.now();
    this.play.textContent = "■";
    const step = () => {
      const turn = Math.min(1, (performance.now() - begin) / SWEEP_MS);
      this.#move(swept(from, this.low, this.high, turn));
      if (turn < 1) this.#frame = requestAnimationFrame(step);
      else done();
    };
    step();
  }

  /**
   * Lead to the page of this dimension.
   * @param {URLSearchParams} about what the page is to show beside it
   */
  lead(about) {
    if (!(this.title instanceof HTMLAnchorElement)) return;
    about.set("block", this.block);
    about.set("dim", this.name);
    this.title.href = `dimension?${about}`;
  }

  rest() {
    cancelAnimationFrame(this.#frame);
    this.play.textContent = "▸";
  }
}
