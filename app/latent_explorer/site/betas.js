// A slider for the beta of each block of a multi-rate model, above whatever is shown.

import { pageBetas } from "../components/shared/betas.js";
import { element } from "../components/shared/elements.js";
import { slider } from "../components/controls/start.js";
import { nearestBeta } from "../components/controls/state.js";

const WAIT_MS = 60; // of rest, before the view stands there; what follows a handle does so at once

/**
 * @param {import("./site.js").Site} site
 * @returns {HTMLElement[]}
 */
export function betaSliders(site) {
  const { betas = {} } = site.page;
  return Object.entries(betas).map(([block, positions]) => {
    let timer = 0;
    const change = (/** @type {number} */ place) => {
      show(place, positions[place].toPrecision(3));
      const betas = { ...site.standing.state.betas, [block]: positions[place] };
      pageBetas().move({ model: site.page.name, block, betas }, { held: true });
      clearTimeout(timer);
      timer = window.setTimeout(() => site.stand({ betas }), WAIT_MS);
    };
    const leave = () => pageBetas().release();
    const { root, input, show } = slider(`β(${block})`, 0, positions.length - 1, 1, change, leave);
    input.dataset.beta = block;
    const place = nearestBeta(positions, site.standing.state.betas[block]);
    show(place, positions[place].toPrecision(3));
    root.title =
      "The price of a nat of these latents: a low β keeps detail, a high β keeps only what is worth its price";
    return element("div", { class: "beta" }, root);
  });
}
