// While a handle of beta moves, the items go along, and what is decoded is so at its betas.

import { alike, Following } from "../shared/betas.js";
import { Along, askedFor, placesAt } from "./along.js";
import { MANY } from "./dots.js";

/**
 * @typedef {import("./map.js").LatentMap} LatentMap
 * @typedef {import("../shared/betas.js").BetasOf} BetasOf
 * @typedef {import("../shared/betas.js").Moved} Moved
 */

const AT = /β = \S+$/;

/**
 * The title of a map of one block at other betas.
 * @param {string} title
 * @param {readonly string[]} blocks
 * @param {BetasOf} betas
 */
export const titleAt = (title, blocks, betas) =>
  blocks.length === 1 && betas[blocks[0]] ? title.replace(AT, `β = ${betas[blocks[0]]}`) : title;

export class FollowingMap {
  /** @type {BetasOf} those of the script */
  #sent = {};
  /** @type {Moved | null} */
  #moved = null;
  #along = new Along(() => this.#moved && this.#show(this.#moved));
  #following;

  /** @param {LatentMap} map */
  constructor(map) {
    this.map = map;
    this.#following = new Following(
      () => (map.data.along && map.data.decoder?.model) || "",
      (moved) => this.#follow(moved),
      (block) => void this.#known(block, map.data.decoder?.betas ?? {}),
    );
  }

  /** The script has sent what stands at some betas. */
  sent() {
    this.#sent = this.map.data.decoder?.betas ?? {};
    this.#moved = null;
  }

  /** And all of it is shown. */
  again() {
    this.#following.again();
  }

  /**
   * @param {string} block
   * @param {BetasOf} betas
   */
  #known(block, betas) {
    const { along, panels } = this.map.data;
    const names = panels.map(({ name }) => name);
    return along ? this.#along.get(askedFor(along, block, betas, names)) : null;
  }

  /** @param {Moved} moved */
  #follow(moved) {
    const { map } = this;
    const { decoder } = map.data;
    if (!decoder) return;
    this.#moved = moved;
    map.data = { ...map.data, decoder: { ...decoder, betas: moved.betas } };
    map.pictures.setDecodes(map.data.decoder);
    map.hovering.decodePlace();
    this.#show(moved);
  }

  /** @param {Moved} moved */
  #show({ block, betas }) {
    const { panels, root } = this.map;
    const isBack = alike(betas, this.#sent);
    const known = isBack ? null : this.#known(block, betas);
    panels.forEach((panel, p) => {
      const title = titleAt(panel.title, panel.blocks, betas);
      if (isBack) panel.stand();
      else if (known && panel.points.count <= MANY)
        panel.follow(placesAt(known, p, panel.points, betas[block]), title);
    });
    if (isBack) delete root.dataset.follows;
    else if (known) root.dataset.follows = String(betas[block]);
  }

  remove() {
    this.#following.end();
  }
}
