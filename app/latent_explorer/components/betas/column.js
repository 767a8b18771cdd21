// One beta of the strip: its picture, a bar of the rate, and a lamp for each dimension.

import { element } from "../shared/elements.js";
import { bits, count, number, said } from "./says.js";

/** @typedef {import("./says.js").Reading} Reading */

const THIN = 0.004; // of the highest bar: thinner parts are left out
const STATES = ["asleep", "between", "awake"];

/**
 * The parts of a bar, of the dimension at its foot first: shares of its greatest height.
 * @param {Reading} reading
 * @param {readonly number[]} order
 * @param {number} most the highest rate
 */
export function parts({ kl, rate }, order, most) {
  const each = order.map((dimension) => ({ dimension, share: kl[dimension] / most }));
  const shown = each.filter(({ share }) => share > THIN);
  const rest = rate / most - shown.reduce((sum, { share }) => sum + share, 0);
  return rest > THIN ? [...shown, { dimension: -1, share: rest }] : shown;
}

/**
 * What a lamp says of a dimension.
 * @param {string} block
 * @param {number} dimension
 * @param {Reading} reading
 */
export function lampWords(block, dimension, { kl, active }) {
  const state = STATES[2 * active[dimension]];
  const words = state === "between" ? "awake at one of the measured betas around" : state;
  const nats = kl[dimension];
  return `${block}[${dimension}] ${words}${Number.isFinite(nats) ? `, ${nats.toFixed(2)} nats` : ""}`;
}

/**
 * How a rate was had.
 * @param {Reading} reading
 * @param {string} measured
 */
export function rateWords({ rate, error }, measured) {
  if (!Number.isFinite(rate)) return "";
  const sure = error === null ? "between two measured betas, interpolated" : `± ${error.toFixed(2)} s.e.`;
  return `${rate.toFixed(2)} nats (${bits(rate).toFixed(2)} bits), ${sure}; ${measured}`;
}

/**
 * @param {number} beta
 * @param {Reading} reading
 * @param {number} most
 * @param {import("./betas.js").BetasData} data
 */
export function column(beta, reading, most, { block, order, shades, words }) {
  const canvas = element("canvas", { class: "small", width: 1, height: 1 });
  const colour = (/** @type {number} */ dimension) => shades[order.indexOf(dimension)] ?? "#8a8a8a";
  const bar = element("div", { class: "bar", title: rateWords(reading, words.measured) });
  const isKnown = Number.isFinite(reading.rate);
  for (const { dimension, share } of isKnown ? parts(reading, order, most) : []) {
    const part = element("span");
    part.style.height = `${100 * share}%`;
    part.style.background = colour(dimension);
    bar.append(part);
  }
  if (reading.error === null) bar.classList.add("interpolated");
  const lamps = element("div", { class: "lamps", "aria-hidden": "true" });
  for (const dimension of order) {
    const state = STATES[2 * reading.active[dimension]];
    const lamp = element("i", { class: state, title: lampWords(block, dimension, reading) });
    lamp.style.setProperty("--shade", colour(dimension));
    lamps.append(lamp);
  }
  const value = element(
    "span",
    { class: "value" },
    isKnown ? number(reading.rate) : "",
    element("small", {}, isKnown ? " nats" : ""),
  );
  const inBits = element(
    "span",
    { class: "value quiet" },
    isKnown ? number(bits(reading.rate)) : "",
    element("small", {}, isKnown ? " bits" : ""),
  );
  const spoken = `β = ${said(beta)}: ${isKnown ? `${number(reading.rate)} nats, ` : ""}${count(reading.active)} of ${reading.active.length} dimensions awake`;
  const root = element("button", { type: "button", class: "column", "aria-label": spoken });
  root.append(element("strong", {}, said(beta)), canvas, bar, value, inBits, lamps);
  return { root, canvas };
}
