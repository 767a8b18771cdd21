// What an image keeps, in every class: a small picture of each, which makes the image that class.

import { element } from "../shared/elements.js";
import { putPicture } from "../shared/pixels.js";
import { inEveryClass } from "./state.js";

/** @typedef {import("./state.js").Codes} Codes */

const CHANNEL = "first-classes";
const MOST = 26; // classes that have a picture
const FEW = 12; // more are wider than the picture above them

export class EveryClass {
  root = element("div", { class: "every", role: "group", "aria-label": "In every class" });
  /** @type {HTMLCanvasElement[]} */
  #pictures = [];
  #decoder;

  /**
   * @param {ReturnType<typeof import("../shared/decoder.js").pageDecoder>} decoder
   * @param {(c: number) => void} choose
   */
  constructor(decoder, choose) {
    this.#decoder = decoder;
    this.choose = choose;
  }

  /**
   * @param {readonly string[]} classes none where nothing is kept as the class changes
   */
  build(classes) {
    const few = classes.length > 1 && classes.length <= MOST ? classes : [];
    this.root.hidden = !few.length;
    this.root.classList.toggle("many", few.length > FEW);
    const among = this.root.parentElement?.style; // as wide as they need
    if (few.length) among?.setProperty("--classes", String(few.length));
    else among?.removeProperty("--classes");
    this.#pictures = few.map(() => element("canvas", { width: 1, height: 1, role: "img" }));
    const buttons = few.map((name, c) => {
      const look = { type: "button", title: `The same, in class ${name}`, "aria-label": `In class ${name}` };
      const button = element("button", look, this.#pictures[c]);
      button.onclick = () => this.choose(c);
      return button;
    });
    this.root.replaceChildren(...buttons);
  }

  /**
   * Ask for the pictures of a code.
   * @param {{model: string, betas: Record<string, number>}} common
   * @param {Codes} codes
   * @param {readonly string[]} kept the blocks that stay as the class changes
   */
  ask(common, codes, kept) {
    if (this.root.hidden || !kept.every((name) => codes[name])) return;
    const asked = { ...common, ...inEveryClass(codes, kept, this.#pictures.length) };
    this.#decoder.ask(CHANNEL, asked, (answer) => {
      if ("error" in answer) return;
      this.#pictures.forEach((canvas, c) => putPicture(canvas, answer, c));
      this.root.dataset.shown = String(Number(this.root.dataset.shown ?? 0) + 1);
    });
  }

  destroy() {
    this.#decoder.withdraw(CHANNEL);
  }
}
