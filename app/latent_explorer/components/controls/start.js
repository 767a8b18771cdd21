// The row that says where the code starts: an item, the visitor's own image, or a draw of the prior.

import { element, say } from "../shared/elements.js";
import { COLDEST, HOTTEST, SEEDS } from "../shared/protocol.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {(patch: Partial<State>, released?: boolean) => void} Change
 */

/**
 * A labelled range: `onInput(value)` while it moves, `onLeave()` when it is left.
 * @param {string} name
 * @param {number} low
 * @param {number} high
 * @param {number} step
 * @param {(value: number) => void} onInput
 * @param {() => void} onLeave
 */
export function slider(name, low, high, step, onInput, onLeave) {
  const input = element("input", { type: "range", min: low, max: high, step, "aria-label": name });
  const value = element("output", { class: "value" });
  const root = element("label", { class: "slider" }, element("span", { class: "name" }, name), input, value);
  input.oninput = () => onInput(Number(input.value));
  input.onchange = onLeave;
  /** @type {(number: number, text: string) => void} */
  const show = (number, text) => {
    input.value = String(number);
    input.setAttribute("aria-valuetext", text);
    value.textContent = text;
  };
  return { root, input, show };
}

/**
 * @param {State["start"]} value
 * @param {string} text
 * @param {string} title
 */
function pill(value, text, title) {
  const button = element(
    "button",
    { type: "button", class: "chip", role: "radio", "data-start": value, title },
    text,
  );
  return { value, button };
}

/** @type {[State["start"], string, string][]} */
const PILLS = [
  ["item", "Image", "Start from the posterior mean of one of the images"],
  ["own", "Your image", "Start from the posterior mean of your own image"],
  ["prior", "Prior", "Start from a draw of the prior; at temperature 0, without noise"],
];

export class StartRow {
  #pills;
  #words;
  #item = element("input", { type: "number", min: 0, step: 1 });
  #dice = element("button", { type: "button", class: "tool" });
  #about = element("span", { class: "muted" });
  #temperature;
  #items = 0;

  /**
   * @param {() => State} state
   * @param {Change} change
   * @param {() => void} leave
   * @param {(text: string) => string} words of what the model reads
   */
  constructor(state, change, leave, words) {
    this.#words = words;
    this.#pills = PILLS.map(([value, text, title]) => pill(value, words(text), words(title)));
    this.#item.setAttribute("aria-label", words("Image"));
    this.#pills.forEach(({ value, button }) => {
      button.onclick = () => change({ start: value, moved: {} }, true);
    });
    this.#item.oninput = () => {
      const item = Math.round(Number(this.#item.value));
      if (this.#item.value !== "" && item >= 0 && item < this.#items) change({ item, moved: {} });
    };
    this.#item.onchange = () => {
      this.#item.value = String(state().item);
      leave();
    };
    /** @type {(below: number) => number} */
    const random = (below) => Math.floor(Math.random() * below);
    this.#dice.onclick = () => {
      const thrown = state().start === "item" ? { item: random(this.#items) } : { seed: random(SEEDS) };
      change({ ...thrown, moved: {} }, true);
    };
    const warmer = (/** @type {number} */ temperature) => change({ temperature, moved: {} });
    this.#temperature = slider("Temperature", COLDEST, HOTTEST, 0.05, warmer, leave);
    const pills = this.#pills.map(({ button }) => button);
    this.root = element(
      "div",
      { class: "row" },
      element("div", { class: "chips", role: "radiogroup", "aria-label": "Start from" }, ...pills),
      this.#item,
      this.#dice,
      this.#temperature.root,
      this.#about,
    );
  }

  /** @param {number} items how many there are */
  setItems(items) {
    this.#items = items;
    this.#item.max = String(items - 1);
  }

  /**
   * @param {State} state
   * @param {boolean} hasImage whether the visitor has an image
   * @param {string | undefined} itsClass that of the item
   */
  show(state, hasImage, itsClass) {
    const fromItem = state.start === "item";
    const drawn = state.start === "prior";
    this.#pills.forEach(({ value, button }) => {
      say(button, "checked", value === state.start);
      button.hidden = value === "own" && !hasImage;
    });
    this.#item.hidden = !fromItem;
    this.#dice.hidden = !fromItem && !drawn;
    this.#temperature.root.hidden = !drawn;
    this.#dice.textContent = fromItem ? this.#words("Another image") : "Draw again";
    this.#dice.title = fromItem ? this.#words("An image at random") : "Another seed";
    if (this.#item.value === "" || Number(this.#item.value) !== state.item)
      this.#item.value = String(state.item);
    this.#temperature.show(state.temperature, `${state.temperature.toFixed(2)} × σ`);
    const ofItem = fromItem && itsClass !== undefined ? `class ${itsClass}` : "";
    this.#about.textContent = drawn ? `seed ${state.seed}` : ofItem;
  }
}
