// The classes: chips to choose one, and bars of how probable each is.

import { element, say } from "../shared/elements.js";
import { findable, MOST_ENTRIES } from "../shared/finder.js";
import { shortened } from "../shared/words.js";

const MOST_LETTERS = 26; // of the name of a chip, and of a bar
const MOST_BARS = 6; // of many classes: those of the most probable

/** What the bars show. */
export const READ = "its class, p(class | code)";

export class ClassChips {
  root = element("div", { class: "chips", role: "radiogroup", "aria-label": "Class" });
  /** @type {readonly string[]} */
  #classes = [];
  /** @type {HTMLElement[]} */
  #chips = [];

  /** @param {(c: number) => void} onChoose */
  constructor(onChoose) {
    this.onChoose = onChoose;
  }

  /**
   * @param {readonly string[]} classes
   * @param {readonly string[]} colours
   */
  build(classes, colours) {
    this.root.hidden = !classes.length;
    this.#classes = classes;
    const short = shortened(classes, MOST_LETTERS);
    this.#chips = classes.map((name, c) => {
      const swatch = element("span", { class: "swatch", style: `background:${colours[c]}` });
      const look = {
        type: "button",
        class: "chip",
        role: "radio",
        "data-class": c,
        "aria-label": `class ${name}`,
      };
      const button = element("button", look, swatch, short[c]);
      button.onclick = () => this.onChoose(c);
      return button;
    });
    this.root.replaceChildren(element("span", { class: "name" }, "Class"), ...findable(classes, this.#chips));
  }

  /**
   * @param {number} chosen
   * @param {boolean} drawn whether the code starts from a draw of the prior
   * @param {readonly string[]} kept the blocks that stay when the class changes
   * @param {string} one what the model reads
   * @param {boolean} told whether the decoder is told the class, so that nothing else changes with it
   */
  show(chosen, drawn, kept, one, told) {
    const others = kept.length ? `; ${kept.join(" and ")} ${kept.length > 1 ? "stay" : "stays"}` : "";
    this.#chips.forEach((chip, c) => {
      say(chip, "checked", c === chosen);
      if (c === chosen) bringIntoView(chip);
      const what = told ? "Class" : "The prior’s mean of class";
      const title = `${what} ${this.#classes[c]}${others}. Press the chosen class again for the ${one}’s own.`;
      chip.title = drawn ? `Class ${this.#classes[c]}` : title;
    });
  }
}

/**
 * Scroll the box that a chip stands in, where it stands in one, to show it; the page stays where it is.
 * @param {HTMLElement} chip
 */
function bringIntoView(chip) {
  const box = chip.parentElement;
  if (!box?.classList.contains("box")) return;
  const [top, bottom] = [chip.offsetTop - box.offsetTop, chip.offsetTop - box.offsetTop + chip.offsetHeight];
  if (top < box.scrollTop || bottom > box.scrollTop + box.clientHeight) box.scrollTop = top - 4;
}

/**
 * The classes that have a bar: all, or of many the most probable ones, these first.
 * @param {readonly number[]} shares
 */
export function barred(shares) {
  const all = [...shares.keys()];
  if (shares.length <= MOST_ENTRIES) return all;
  return all.sort((a, b) => shares[b] - shares[a]).slice(0, MOST_BARS);
}

/** p(class | z) of the labelled blocks as a row of bars. */
export class ClassBars {
  root = element("div", { class: "said", role: "img" });
  /** @type {readonly string[]} */
  #classes = [];
  /** @type {string[]} */
  #short = [];
  /** @type {readonly string[]} */
  #colours = [];
  #by = "";
  /** @type {{bar: HTMLElement, label: HTMLElement}[]} */
  #columns = [];

  /**
   * @param {readonly string[]} classes
   * @param {readonly string[]} colours
   * @param {string} by what says how probable a class is
   * @param {string} caption of the bars
   */
  build(classes, colours, by, caption = READ) {
    this.root.dataset.caption = caption;
    this.#by = by;
    this.#classes = classes;
    this.#short = shortened(classes, MOST_LETTERS);
    this.#colours = colours;
    const isMany = classes.length > MOST_ENTRIES;
    this.root.classList.toggle("rows", isMany);
    const count = isMany ? MOST_BARS : classes.length;
    this.#columns = Array.from({ length: count }, () => ({
      bar: element("span", { class: "bar" }),
      label: element("span", { class: "label" }),
    }));
    this.root.replaceChildren(
      ...this.#columns.map(({ bar, label }) => element("span", { class: "column" }, bar, label)),
    );
  }

  /** @param {number[] | undefined} shares */
  show(shares) {
    this.root.hidden = !shares || shares.length < 2; // one class alone is certain
    if (!shares || shares.length < 2) return;
    barred(shares).forEach((c, place) => {
      const { bar, label } = this.#columns[place];
      bar.style.setProperty("--share", String(shares[c]));
      bar.style.background = this.#colours[c];
      bar.title = label.title = this.#classes[c];
      label.textContent = this.#short[c];
    });
    const best = shares.indexOf(Math.max(...shares));
    const percent = (100 * shares[best]).toFixed(1);
    const text = `p(class | code) by ${this.#by}: ${this.#classes[best]} with ${percent} %`;
    this.root.setAttribute("aria-label", text);
    this.root.title = text;
  }
}
