// Handles on directions: each moves all coordinates that its direction has.

import { element } from "../shared/elements.js";
import { Handle } from "./handle.js";

/**
 * @typedef {import("./state.js").DirectionData} DirectionData
 */

/**
 * What a handle on a direction tells.
 * @typedef {object} ToldAlong
 * @property {(direction: DirectionData, to: number) => void} move
 * @property {(direction: DirectionData) => void} putBack
 * @property {() => void} leave
 */

/**
 * A handle on a direction.
 * @param {DirectionData} direction
 * @param {ToldAlong} told
 */
export function handleOn(direction, told) {
  const { name, block, low, high, note } = direction;
  const data = { dimension: -1, low, high, used: block, active: true, place: [] };
  /** @type {import("./handle.js").Told} */
  const as = {
    move: (_block, _dimension, to) => told.move(direction, to),
    putBack: () => told.putBack(direction),
    leave: told.leave,
  };
  return new Handle(block, data, note || "direction", as, `→ ${name}`);
}

/**
 * The section of handles on directions.
 * @param {readonly Handle[]} handles
 */
export function directionsSection(handles) {
  const heading = element("h4", {}, "Directions", element("span", { class: "note" }, "in latents"));
  return element("section", { class: "block directions" }, heading, ...handles.map(({ root }) => root));
}
