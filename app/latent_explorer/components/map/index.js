// Linked maps: what Streamlit calls, with the points of a map in one message and everything else in another.

import { unpack } from "../shared/envelope.js";
import { mounting } from "../shared/mounting.js";
import { datasets, LatentMap } from "./map.js";
import { Dataset } from "./points.js";

/**
 * @typedef {import("./map.js").MapCall} MapCall
 * @typedef {import("./points.js").Envelope} Envelope
 */

/** @type {Set<LatentMap>} */
const maps = new Set();

const mount = mounting((parent, /** @type {MapCall} */ call) => {
  const map = new LatentMap(parent, call);
  maps.add(map);
  return {
    update: (/** @type {MapCall} */ newer) => map.update(newer),
    destroy: () => {
      maps.delete(map);
      map.destroy();
    },
  };
});

/** Keeps the points and wakes up the map they belong to, whichever of the two messages comes first. */
class Keeper {
  #key = "";
  /** @type {Dataset | undefined} */
  #dataset;

  /** @param {import("../shared/mounting.js").Call<Uint8Array>} call */
  update({ data }) {
    /** @type {Envelope} */
    const envelope = unpack(data);
    const { map: key, digest } = envelope.header;
    if (datasets.get(key)?.digest !== digest) datasets.set(key, new Dataset(envelope));
    this.#key = key;
    this.#dataset = datasets.get(key);
    maps.forEach((map) => map.data.map === key && map.refresh());
  }

  destroy() {
    if (datasets.get(this.#key) === this.#dataset) datasets.delete(this.#key);
  }
}

const keep = mounting(() => new Keeper());

/** @param {import("../shared/mounting.js").Call<any>} call of a map, or of its points */
export default function (call) {
  return call.data instanceof Uint8Array ? keep(call) : mount(call);
}
