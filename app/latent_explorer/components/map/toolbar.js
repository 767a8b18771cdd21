// The buttons above a map, and the legend below it.

import { element, say } from "../shared/elements.js";
import { findable } from "../shared/finder.js";
import { MOST_PICTURES } from "./panel.js";
import { shortened } from "../shared/words.js";

const MOST_LETTERS = 26; // of a class in the legend

const HINTS = {
  lasso: ["Lasso", "Drag round images to select them (Shift-drag moves the map)"],
  box: ["Box", "Drag a box over images to select them (Shift-drag moves the map)"],
  pan: ["Pan", "Drag to move the map"],
  priors: ["Priors", "Show or hide the priors"],
  posteriors: [
    "Posterior",
    "Show or hide where draws of the posterior q(z | x) of the opened image fall: dashed, 2 standard deviations",
  ],
  pictures: [
    "Pictures",
    `Show pictures in place of dots where at most ${MOST_PICTURES} are in view: zoom in`,
  ],
  plane: ["Plane", "Show or hide what each place of the plane decodes to"],
  fit: ["Fit", "Show all images (double click in one map, key 0)"],
  clear: ["Clear", "Drop the selection and close the image (Escape drops the selection)"],
};

/** @typedef {keyof typeof HINTS} Tool */

/**
 * What the shape of a prior is.
 * @param {import("./view.js").Shape} shape
 */
const seenAs = (shape) =>
  "rings" in shape
    ? "the smallest regions that hold 50 % and 90 % of their draws, or 90 % of a class"
    : `ellipses at ${shape.sigmas} standard deviations`;

export class Toolbar {
  /** @param {(text: string) => string} words of the kind of the items */
  constructor(words) {
    this.words = words;
    /** @type {(name: Tool) => HTMLButtonElement} */
    const button = (name) => {
      const [label, title] = [HINTS[name][0], words(HINTS[name][1])];
      return element("button", { type: "button", class: "tool", "data-tool": name, title }, label);
    };
    this.lasso = button("lasso");
    this.box = button("box");
    this.pan = button("pan");
    this.priors = button("priors");
    this.posteriors = button("posteriors");
    this.pictures = button("pictures");
    this.plane = button("plane");
    this.fit = button("fit");
    this.clear = button("clear");
    this.status = element("output", { class: "status", "aria-live": "polite" });
    /** @type {(label: string, ...buttons: HTMLElement[]) => HTMLElement} */
    const group = (label, ...buttons) =>
      element("div", { class: "group", role: "group", "aria-label": label }, ...buttons);
    this.root = element(
      "div",
      { class: "toolbar", role: "toolbar", "aria-label": "Map tools" },
      group("What dragging does", this.lasso, this.box, this.pan),
      group(words("What is drawn over the images"), this.priors, this.posteriors, this.pictures, this.plane),
      this.fit,
      this.clear,
      this.status,
    );
  }

  /**
   * What is on, and what there is to switch.
   * @param {import("./map.js").LatentMap} map
   * @param {import("./map.js").MapData} data
   */
  show(map, data) {
    say(this.lasso, "pressed", map.tool === "lasso");
    say(this.box, "pressed", map.tool === "box");
    say(this.pan, "pressed", map.tool === "pan");
    say(this.priors, "pressed", map.showPriors);
    say(this.posteriors, "pressed", map.showPosteriors);
    say(this.pictures, "pressed", map.showPictures);
    say(this.plane, "pressed", map.showPlane);
    const shapes = map.panels.flatMap((panel) => panel.shapes);
    const prior = shapes.find(({ kind }) => kind === "prior");
    this.priors.hidden = !prior;
    this.posteriors.hidden = !shapes.some(({ kind }) => kind !== "prior");
    if (prior) this.priors.title = `Show or hide the priors: ${seenAs(prior)}`;
    this.pictures.hidden = !data.decoder;
    this.plane.hidden = data.decoder?.between === false || !map.panels.some(({ plane }) => plane?.whole);
    this.clear.disabled = !map.selected && map.item < 0;
  }

  /**
   * @param {number} items how many there are
   * @param {number | null} selected how many of them stand out, null when none do
   * @param {string} what they are: selected, or found
   * @param {boolean} offline whether nothing is decoded live
   */
  tell(items, selected, what, offline) {
    /** @type {(value: number) => string} */
    const number = (value) => value.toLocaleString("en");
    const total = number(items);
    const count =
      selected === null ? `${total} ${this.words("images")}` : `${number(selected)} of ${total} ${what}`;
    const words = offline ? `live decoding is not connected: only dots show a picture · ${count}` : count;
    if (this.status.textContent !== words) this.status.textContent = words;
  }
}

/**
 * What the buttons do.
 * @param {import("./map.js").LatentMap} map
 * @param {Toolbar} toolbar
 * @param {() => void} refresh after each
 */
export function listen(map, { lasso, box, pan, priors, posteriors, pictures, plane, fit, clear }, refresh) {
  /** @type {(button: HTMLElement, act: () => void) => void} */
  const on = (button, act) => {
    button.onclick = () => {
      act();
      refresh();
    };
  };
  /** @type {(name: "showPriors" | "showPosteriors" | "showPictures" | "showPlane") => () => void} */
  const turn = (name) => () => {
    map[name] = !map[name];
    map.panels.forEach((panel) => panel.draw());
  };
  on(lasso, () => (map.tool = "lasso"));
  on(box, () => (map.tool = "box"));
  on(pan, () => (map.tool = "pan"));
  on(priors, turn("showPriors"));
  on(posteriors, turn("showPosteriors"));
  on(pictures, turn("showPictures"));
  on(plane, turn("showPlane"));
  on(fit, () => map.panels.forEach((panel) => panel.fit()));
  on(clear, () => {
    map.clearSelection();
    map.openItem(-1);
  });
}

/** A button for each class, which shows or hides it. */
export class Legend {
  /** @type {HTMLElement[]} */
  #entries = [];

  constructor() {
    this.root = element("div", {
      class: "legend",
      role: "group",
      "aria-label": "Classes, click to show or hide",
    });
  }

  /**
   * @param {readonly string[]} classes
   * @param {readonly string[]} colours
   * @param {(c: number) => void} onClick
   * @param {(isShown: boolean) => void} onAll
   * @param {[string, string, string] | null} scale where the classes are the steps of one
   */
  build(classes, colours, onClick, onAll, scale) {
    const short = shortened(classes, MOST_LETTERS);
    this.#entries = classes.map((name, c) => {
      const swatch = element("span", { class: "swatch", style: `background:${colours[c]}` });
      const attributes = {
        type: "button",
        class: "entry",
        "data-class": c,
        title: `Show or hide class ${name}`,
      };
      const button = element("button", attributes, swatch, short[c]);
      button.onclick = () => onClick(c);
      return button;
    });
    if (scale) return this.root.replaceChildren(...scaled(scale, colours, this.#entries));
    /** @type {(words: string, isShown: boolean) => HTMLElement} */
    const all = (words, isShown) => {
      const button = element("button", { type: "button", class: "tool" }, words);
      button.onclick = () => onAll(isShown);
      return button;
    };
    this.root.replaceChildren(
      ...findable(classes, this.#entries, all("Show all", true), all("Hide all", false)),
    );
  }

  /** @param {readonly boolean[]} shown */
  show(shown) {
    this.#entries.forEach((button, c) => say(button, "pressed", shown[c]));
  }
}

/** How many steps a scale has; what follows them is the entry of items without a value. */
const STEPS = 64;

/**
 * A scale from its least colour to its greatest, its name, its ends, and the entry of what has no value.
 * @param {[string, string, string]} scale
 * @param {readonly string[]} colours
 * @param {readonly HTMLElement[]} entries
 * @returns {HTMLElement[]}
 */
function scaled([title, low, high], colours, entries) {
  const steps = colours.slice(0, STEPS).join(", ");
  const bar = element("span", { class: "scale", style: `background:linear-gradient(to right, ${steps})` });
  const words = `${title} from ${low} to ${high}`;
  const [name, least, most] = [title, low, high].map((text) => element("span", {}, text));
  const root = element("span", { class: "scaled", role: "img", "aria-label": words }, name, least, bar, most);
  return [root, ...entries.slice(STEPS)];
}
