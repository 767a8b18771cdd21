// The controls on a published page: the first sight, and a handle for everything.

import { mount } from "./mount.js";
import { sceneOf } from "./site.js";

/**
 * @typedef {import("./site.js").Site} Site
 * @typedef {import("./site.js").View} View
 */

/**
 * Image, encoder, a few handles, decoder, image.
 * @param {Site} site
 * @param {HTMLElement} place
 */
export const start = (site, place) => controls(site, place, site.page.first);

/**
 * A handle for every coordinate.
 * @param {Site} site
 * @param {HTMLElement} place
 */
export const handles = (site, place) => controls(site, place, site.page.live);

/**
 * @param {Site} site
 * @param {HTMLElement} place
 * @param {any} base what the page says of these controls
 * @param {() => void} [onLeft] after the visitor has left something
 * @returns {Promise<View & {follow: () => Promise<void>}>}
 */
export async function controls(site, place, base, onLeft = () => {}) {
  let reports = 0;
  const mounted = await mount(place, "controls", await sceneOf(site, base), (name, value) => {
    if (name !== "state") return;
    const { strokes, reports: count, ...state } = value;
    reports = count;
    site.change({ state, strokes: strokes ?? (state.start === "own" ? site.standing.strokes : []) }, true);
    onLeft();
  });
  let turn = 0;
  const follow = async () => {
    const mine = ++turn;
    const scene = await sceneOf(site, base);
    if (mine === turn) mounted.update({ ...scene, reports });
  };
  return { destroy: mounted.remove, changed: () => site.trying(follow()), follow };
}
