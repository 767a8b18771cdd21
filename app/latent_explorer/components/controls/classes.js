// The classes: chips to choose one, and bars of how probable each is.

import { element, say } from "../shared/elements.js";

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
    this.#chips = classes.map((name, c) => {
      const swatch = element("span", { class: "swatch", style: `background:${colours[c]}` });
      const look = {
        type: "button",
        class: "chip",
        role: "radio",
        "data-class": c,
        "aria-label": `class ${name}`,
      };
      const button = element("button", look, swatch, name);
      button.onclick = () => this.onChoose(c);
      return button;
    });
    this.root.replaceChildren(element("span", { class: "name" }, "Class"), ...this.#chips);
  }

  /**
   * @param {number} chosen
   * @param {boolean} drawn whether the code starts from a draw of the prior
   * @param {readonly string[]} kept the blocks that stay when the class changes
   */
  show(chosen, drawn, kept) {
    const others = kept.length ? `; ${kept.join(" and ")} stay` : "";
    this.#chips.forEach((chip, c) => {
      say(chip, "checked", c === chosen);
      const title = `The prior’s mean of class ${this.#classes[c]}${others}. Press the chosen class again for the image’s own.`;
      chip.title = drawn ? `Class ${this.#classes[c]}` : title;
    });
  }
}

/** p(class | z) of the labelled blocks as a row of bars. */
export class ClassBars {
  root = element("div", { class: "said", role: "img" });
  /** @type {readonly string[]} */
  #classes = [];
  /** @type {HTMLElement[]} */
  #bars = [];

  /**
   * @param {readonly string[]} classes
   * @param {readonly string[]} colours
   */
  build(classes, colours) {
    this.#classes = classes;
    this.#bars = classes.map((name, c) =>
      element("span", { class: "bar", style: `background:${colours[c]}`, title: name }),
    );
    const label = (/** @type {string} */ name) => element("span", { class: "label", title: name }, name);
    this.root.replaceChildren(
      ...this.#bars.map((bar, c) => element("span", { class: "column" }, bar, label(classes[c]))),
    );
  }

  /** @param {number[] | undefined} shares */
  show(shares) {
    this.root.hidden = !shares;
    if (!shares) return;
    shares.forEach((share, c) => this.#bars[c].style.setProperty("--share", String(share)));
    const best = shares.indexOf(Math.max(...shares));
    const percent = (100 * shares[best]).toFixed(1);
    const text = `p(class | code) by the priors: ${this.#classes[best]} with ${percent} %`;
    this.root.setAttribute("aria-label", text);
    this.root.title = text;
  }
}
