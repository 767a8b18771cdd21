// The sliders of beta, one of each block that answers to it.

import { element } from "../shared/elements.js";
import { slider } from "./start.js";
import { nearestBeta } from "./state.js";

/**
 * What a slider tells: a beta is chosen while it moves, and it is left.
 * @typedef {object} ToldOfRates
 * @property {(block: string, beta: number) => void} choose
 * @property {() => void} leave
 */

export class Rates {
  root = element("div", { class: "betas" });
  /** @type {({block: string, betas: number[]} & ReturnType<typeof slider>)[]} */
  #sliders = [];
  #told;

  /** @param {ToldOfRates} told */
  constructor(told) {
    this.#told = told;
  }

  /** @param {Record<string, number[]>} positions the betas of each block */
  build(positions) {
    this.#sliders = Object.entries(positions).map(([block, betas]) => {
      const choose = (/** @type {number} */ place) => this.#told.choose(block, betas[place]);
      const rate = slider(`β(${block})`, 0, betas.length - 1, 1, choose, this.#told.leave);
      rate.input.dataset.beta = block;
      return { ...rate, block, betas };
    });
    this.root.replaceChildren(...this.#sliders.map(({ root }) => root));
  }

  /** @param {Record<string, number>} betas the present ones */
  show(betas) {
    for (const { block, betas: places, show } of this.#sliders) {
      const place = nearestBeta(places, betas[block]);
      show(place, places[place].toPrecision(3));
    }
  }
}
