// A handle with a picture of the code at each of its ends.

import { contextOf, element, resize } from "../shared/elements.js";
import { putPicture, showFitted } from "../shared/pixels.js";
import { ends } from "./state.js";

/** @typedef {import("./state.js").Codes} Codes */

const SIDE = "var(--end)"; // of the longer side of a picture

export class Ended {
  #pictures = [0, 1].map(() => element("canvas", { class: "end", width: 1, height: 1 }));

  /** @param {import("./handle.js").Handle} handle */
  constructor(handle) {
    this.handle = handle;
    const [low, high] = this.#pictures;
    this.root = element("div", { class: "ended" }, low, handle.root, high);
  }

  /**
   * Show the pictures of the same handle as it was before, until newer ones are there.
   * @param {Ended} before
   */
  take(before) {
    this.#pictures.forEach((canvas, number) => {
      const picture = before.#pictures[number];
      resize(canvas, picture.width, picture.height);
      contextOf(canvas).drawImage(picture, 0, 0);
      showFitted(canvas, SIDE);
    });
  }

  /**
   * Ask for the two pictures: the code, with the coordinate at its lowest and at its highest.
   * @param {ReturnType<typeof import("../shared/decoder.js").pageDecoder>} decoder
   * @param {{model: string, betas: Record<string, number>}} common
   * @param {Codes} codes
   * @param {readonly string[]} below the latents that are generated from the block
   */
  ask(decoder, common, codes, below) {
    const asked = { ...common, codes: ends(codes, this.handle, below) };
    decoder.ask(`first-${this.handle.name}`, asked, (answer) => {
      if ("error" in answer) return;
      this.#pictures.forEach((canvas, number) => {
        putPicture(canvas, answer, number);
        showFitted(canvas, SIDE);
      });
    });
  }
}
