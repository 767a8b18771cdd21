// The handles of all blocks and directions, and where each stands.

import { element } from "../shared/elements.js";
import { directionsSection, handleOn } from "./along.js";
import { Handle } from "./handle.js";
import { folded, placeAlong } from "./state.js";

/**
 * @typedef {import("./state.js").BlockData} BlockData
 * @typedef {import("./state.js").Codes} Codes
 * @typedef {import("./state.js").DirectionData} DirectionData
 * @typedef {import("./state.js").HandleData} HandleData
 * @typedef {import("./state.js").Moves} Moves
 */

/**
 * What handles tell: those of coordinates, those of directions, and that one is asked to sweep.
 * @typedef {object} ToldOfRows
 * @property {import("./handle.js").Told} coordinate
 * @property {import("./along.js").ToldAlong} direction
 * @property {(handle: Handle) => void} play
 */

/**
 * The codes that handles show: where they are, where they started, and which coordinates were moved.
 * @typedef {{codes: Codes, start: Codes, moved: Moves}} Standing
 */

const MOST_HANDLES = 40; // of a block that stand open: the most used
const COLLAPSED =
  "No dimension here is active: these latents have collapsed, and the encoder gives nearly the same code whatever it sees.";

export class Rows {
  root = element("div", { class: "blocks" });
  /** @type {Handle[]} */
  #handles = [];
  /** @type {Map<Handle, DirectionData>} */
  #along = new Map();
  #told;

  /** @param {ToldOfRows} told */
  constructor(told) {
    this.#told = told;
  }

  /** How many coordinates have a handle. */
  get coordinates() {
    return this.#handles.length - this.#along.size;
  }

  /**
   * @param {readonly BlockData[]} blocks
   * @param {readonly DirectionData[]} directions
   */
  build(blocks, directions) {
    this.#handles = [];
    this.#along.clear();
    const along = directions.map((direction) => {
      const handle = this.#added(handleOn(direction, this.#told.direction));
      this.#along.set(handle, direction);
      return handle;
    });
    const sections = along.length ? [directionsSection(along)] : [];
    this.root.replaceChildren(...sections, ...blocks.map((block) => this.#block(block)));
  }

  /** @param {Handle} handle */
  #added(handle) {
    handle.play.onclick = () => this.#told.play(handle);
    this.#handles.push(handle);
    return handle;
  }

  /** @param {BlockData} block */
  #block({ name, title, unit, handles }) {
    const rows = (/** @type {readonly HandleData[]} */ those) =>
      those.map((data) => this.#added(new Handle(name, data, unit, this.#told.coordinate)).root);
    const heading = element("h4", {}, element("span", {}, title), element("span", { class: "note" }, unit));
    const dead = rows(handles.filter(({ active }) => !active));
    const isCollapsed = dead.length === handles.length;
    const active = handles.filter((handle) => handle.active);
    const open = rows(active.slice(0, MOST_HANDLES));
    const live = isCollapsed ? [element("p", { class: "note" }, COLLAPSED)] : open;
    const root = element("section", { class: "block", "data-block": name }, heading, ...live);
    for (const [words, those] of folded(active.slice(MOST_HANDLES))) {
      root.append(element("details", {}, element("summary", {}, words), ...rows(those)));
    }
    if (dead.length) {
      const words = `${dead.length} inactive dimension${dead.length > 1 ? "s" : ""}`;
      const isOpen = isCollapsed && dead.length <= MOST_HANDLES;
      root.append(element("details", { open: isOpen }, element("summary", {}, words), ...dead));
    }
    return root;
  }

  /**
   * Show where the handles stand, all of them or those of one block.
   * @param {Standing} standing
   * @param {string} [block]
   */
  show({ codes, start, moved }, block) {
    for (const handle of this.#handles) {
      if (block !== undefined && handle.block !== block) continue;
      const from = handle.block in start ? this.placeOf(handle, start) : undefined;
      const at = this.placeOf(handle, codes);
      const isMoved = this.#along.has(handle)
        ? from !== undefined && Math.abs(at - from) > 0.005
        : moved[handle.block]?.[handle.dimension] !== undefined;
      handle.show(at, isMoved, from);
    }
  }

  /**
   * Where a code stands on a handle.
   * @param {Handle} handle
   * @param {Codes} codes
   */
  placeOf(handle, codes) {
    const direction = this.#along.get(handle);
    const [code] = codes[handle.block];
    return direction ? placeAlong(direction.vector, code) : code[handle.dimension];
  }

  /**
   * Lead each handle's name to the page of its dimension.
   * @param {Record<string, string>} about what the page is to show beside it
   */
  lead(about) {
    for (const handle of this.#handles) handle.lead(new URLSearchParams(about));
  }

  /** The handles that were moved, in words. */
  words() {
    const moved = this.#handles.filter(({ root }) => root.classList.contains("moved"));
    return moved.map(({ name, value }) => `${name} ${value.textContent}`);
  }

  rest() {
    this.#handles.forEach((handle) => handle.rest());
  }
}
