// Where the controls stand, and what is asked of the decoder for that.

import { shortened } from "../shared/words.js";

const MOST_LETTERS = 26; // of the name of a class

/**
 * @typedef {import("../shared/decoder.js").Request} Request
 * @typedef {Record<string, Record<number, number>>} Moves coordinates that were moved, by block and dimension
 * @typedef {Record<string, number[][]>} Codes of each latent, one row
 */

/**
 * A start, the coordinates that were moved away from it, and the betas.
 * @typedef {object} State
 * @property {typeof import("../shared/protocol.js").STARTS[number]} start
 * @property {number} item
 * @property {number | null} label null leaves an image its own class
 * @property {number} seed
 * @property {number} temperature
 * @property {Moves} moved
 * @property {Record<string, number>} betas
 */

/**
 * @typedef {{dimension: number, low: number, high: number, used: string, active: boolean, place: number[], factor?: string, tells?: string}} HandleData
 * @typedef {{name: string, title: string, unit: string, handles: HandleData[]}} BlockData
 */

/**
 * A direction: a unit vector of a block, and how far a code is worth being moved along it.
 * @typedef {{name: string, block: string, vector: number[], low: number, high: number, note: string}} DirectionData
 */

/**
 * What the script sends.
 * @typedef {object} ControlsData
 * @property {number} reports how many of the browser's reports this answers to
 * @property {string} model
 * @property {BlockData[]} blocks
 * @property {DirectionData[]} directions
 * @property {State} state
 * @property {number[]} shape of `pixels`
 * @property {string} pixels two pictures in base64, with the moves and without
 * @property {Codes} codes
 * @property {Codes} startCodes without the moves
 * @property {number[] | null} said p(class | codes), where there is such a thing
 * @property {string} saidBy what gives it
 * @property {string[]} latents
 * @property {import("../shared/words.js").Kind} kind what the model reads
 * @property {import("../shared/features.js").Features | null} [features] of a row of a table
 * @property {string[]} kept the blocks that stay when the class changes
 * @property {Record<string, string[]>} below by block, those that are generated anew where it is moved
 * @property {string} labels the class of each item in base64, two bytes a class
 * @property {string[]} classes
 * @property {string[]} colours
 * @property {string | null} userImage the pixels of the visitor's image in base64
 * @property {string | null} address what to put into the present entry of the history
 * @property {Record<string, number[]>} positions the betas that the handle of a block can take
 * @property {boolean} [alone] whether there is no page of each dimension to lead to
 */

/** @typedef {import("../shared/mounting.js").Call<ControlsData>} ControlsCall */

/**
 * What the script sends for the first sight: a few handles, and the visitor's drawing.
 * @typedef {Omit<ControlsData, "directions" | "labels" | "positions"> & {
 *   heading: string,
 *   narrow: boolean,
 *   given: string,
 *   count: number,
 *   paper: boolean,
 *   aspect: number,
 *   centre: boolean,
 *   strokes: import("../shared/protocol.js").Stroke[],
 * }} FirstData heading: over the handles; given: the image on the left, in base64; count: of images; paper: whether one can draw; aspect: the paper's height over its width
 */

/**
 * The part of a request that says where a code starts.
 * @param {State} state
 * @param {Pick<ControlsData, "classes" | "latents" | "kept" | "userImage">} data
 * @returns {Pick<Request, "draw" | "label" | "image" | "mix">}
 */
export function startOf({ start, item, label, seed, temperature }, { classes, latents, kept, userImage }) {
  if (start === "prior") {
    return { draw: { seed, temperature }, ...(classes.length ? { label: [label ?? 0] } : {}) };
  }
  const held = label === null ? latents : kept;
  const chosen = label === null ? {} : { label: [label] };
  if (start === "own" && userImage !== null)
    return { image: { pixels: userImage, latents: held }, ...chosen };
  /** @type {[number, number][][]} */
  const row = [[[item, 1]]];
  return { mix: Object.fromEntries(held.map((name) => [name, row])), ...chosen };
}

/**
 * The same where the start may be a drawing, of which only the strokes are here.
 * @param {State} state
 * @param {Pick<FirstData, "classes" | "latents" | "kept" | "userImage" | "centre">} data
 * @param {import("../shared/protocol.js").Stroke[] | undefined} strokes
 * @returns {Pick<Request, "draw" | "label" | "image" | "mix" | "drawing">}
 */
export function startOrDrawing(state, data, strokes) {
  const { start, label } = state;
  if (start !== "own" || !strokes) return startOf(state, data);
  const latents = label === null ? data.latents : data.kept;
  const drawing = { strokes, latents, centre: data.centre };
  return { drawing, ...(label === null ? {} : { label: [label] }) };
}

/**
 * What the controls are built from: as long as it is the same, they stay.
 * @param {ControlsData} data
 */
export const structureOf = ({ model, blocks, directions, classes, positions, latents }) =>
  JSON.stringify([model, blocks, directions, classes, positions, latents]);

/**
 * What a page of one dimension is to show of a state: the model, its image and its betas, as an address says them.
 * @param {State} state
 * @param {string} model
 * @returns {Record<string, string>}
 */
export function aboutOf({ start, item, betas }, model) {
  const rates = Object.entries(betas).map(([block, beta]) => [
    `beta_${block}`,
    `${Number(beta.toPrecision(3))}`,
  ]);
  return { model, ...(start === "item" ? { item: `${item}` } : {}), ...Object.fromEntries(rates) };
}

/**
 * The moves without one of them, and without blocks in which nothing is moved.
 * @param {Moves} moved
 * @param {string} block
 * @param {number} dimension
 * @returns {Moves}
 */
export function without(moved, block, dimension) {
  const rest = structuredClone(moved);
  delete rest[block]?.[dimension];
  if (rest[block] && !Object.keys(rest[block]).length) delete rest[block];
  return rest;
}

/**
 * The place of a code along a direction.
 * @param {readonly number[]} vector
 * @param {readonly number[]} code
 */
export const placeAlong = (vector, code) => vector.reduce((sum, value, d) => sum + value * code[d], 0);

/**
 * The coordinates that change where a code is moved to a place along a direction, what is at right angles to it staying.
 * @param {readonly number[]} vector
 * @param {readonly number[]} code
 * @param {number} to
 * @returns {[number, number][]} dimensions and values
 */
export function movedAlong(vector, code, to) {
  const by = to - placeAlong(vector, code);
  /** @type {[number, number][]} */
  const moves = vector.map((value, d) => [d, code[d] + by * value]);
  return moves.filter(([d]) => vector[d] !== 0);
}

/** @param {Moves} moved */
export const count = (moved) =>
  Object.values(moved).reduce((sum, moves) => sum + Object.keys(moves).length, 0);

/**
 * The place in an increasing list of betas that is nearest to one, in ratios.
 * @param {readonly number[]} betas
 * @param {number} beta
 */
export function nearestBeta(betas, beta) {
  /** @type {(place: number) => number} */
  const distance = (place) => Math.abs(Math.log(betas[place] / beta));
  return betas.reduce((best, _, place) => (distance(place) < distance(best) ? place : best), 0);
}

/**
 * Where a sweep through a range and back stands: from where the handle was, once round a sine.
 * @param {number} from
 * @param {number} low
 * @param {number} high
 * @param {number} turn from 0 to 1
 */
export function swept(from, low, high, turn) {
  const phase = Math.asin(Math.max(-1, Math.min(1, (2 * (from - low)) / (high - low) - 1)));
  return low + ((high - low) * (1 + Math.sin(phase + 2 * Math.PI * turn))) / 2;
}

/**
 * A number with its sign.
 * @param {number} value
 */
export const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);

/**
 * Where a code starts, in words.
 * @param {State} state
 * @param {readonly string[]} classes
 * @param {string} one what the model reads
 */
export function startInWords({ start, item, label }, classes, one = "image") {
  const from = { item: `${one} ${item}`, own: `your ${one}`, prior: "prior" }[start];
  return `start: ${from}${label === null ? "" : `, class ${classes[label]}`}`;
}

/**
 * A place in a code of C x H x W, or of C x L, in words.
 * @param {readonly number[]} place
 */
export function placeWords(place) {
  const sides = place.length === 3 ? ["channel", "row", "column"] : ["channel"];
  return place.map((number, side) => `${sides[side] ?? "place"} ${number}`).join(", ");
}

/**
 * Handles that are folded away, by the channel they lie in; of a code that is a row, all together.
 * @param {readonly HandleData[]} handles
 * @returns {[string, HandleData[]][]} each fold's title and its handles, in their order
 */
export function folded(handles) {
  /** @type {Map<number | undefined, HandleData[]>} */
  const folds = new Map();
  for (const handle of handles) folds.set(handle.place[0], [...(folds.get(handle.place[0]) ?? []), handle]);
  const inOrder = [...folds].sort(([a], [b]) => (a ?? 0) - (b ?? 0));
  return inOrder.map(([channel, those]) => [
    channel === undefined
      ? `${those.length} more dimensions`
      : `Channel ${channel}: ${those.length} more place${those.length > 1 ? "s" : ""}`,
    those,
  ]);
}

/**
 * The codes at the two ends of a handle: one code twice, with the coordinate at its lowest and at its highest.
 * @param {Codes} codes one row of each latent
 * @param {{block: string, dimension: number, low: number, high: number}} handle
 * @param {readonly string[]} below the latents that are generated from the block
 * @returns {Codes}
 */
export function ends(codes, { block, dimension, low, high }, below) {
  const held = Object.entries(codes).filter(([name]) => !below.includes(name));
  const twice = Object.fromEntries(held.map(([name, [row]]) => [name, [[...row], [...row]]]));
  [low, high].forEach((value, number) => (twice[block][number][dimension] = value));
  return twice;
}

/**
 * What a code keeps, under each class: the blocks that stay, once for each, and the classes.
 * @param {Codes} codes one row of each latent
 * @param {readonly string[]} kept
 * @param {number} classes how many
 * @returns {{codes: Codes, label: number[]}}
 */
export function inEveryClass(codes, kept, classes) {
  const label = Array.from({ length: classes }, (_, c) => c);
  return { codes: Object.fromEntries(kept.map((name) => [name, label.map(() => codes[name][0])])), label };
}

/**
 * The moves, with a handle where it is shown for a moment.
 * @param {Moves} moved
 * @param {{block: string, dimension: number}} handle
 * @param {Codes} codes
 * @returns {Moves}
 */
export const shownAs = (moved, { block, dimension }, codes) => ({
  ...moved,
  [block]: { ...moved[block], [dimension]: codes[block][0][dimension] },
});

/**
 * Which class an image is offered to become, and the words for it: 8 where it is none, otherwise the next.
 * @param {number} now its class, -1 where it has none
 * @param {readonly string[]} classes
 * @param {boolean} [isThing] whether a class is a thing, as on images: those of a table's rows are mostly adjectives
 * @returns {[number, string]}
 */
export function intoClass(now, classes, isThing = true) {
  const eight = classes.indexOf("8");
  const target = eight >= 0 && eight !== now ? eight : (now + 1) % Math.max(1, classes.length);
  const name = classes[target] ?? "";
  const article = /^([aeiou]|8|11$|18$)/i.test(name) ? "an" : "a";
  const short = shortened(classes, MOST_LETTERS)[target] ?? "";
  return [target, isThing ? `Make it ${article} ${short}` : `Make it ${short}`];
}
