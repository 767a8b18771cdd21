// The state of a page and its address: the same names and forms as the app's, so that one link restores it.

import { UNIT } from "../components/shared/protocol.js";

/**
 * @typedef {import("../components/shared/protocol.js").Stroke} Stroke
 * @typedef {{panel: string, polygon: [number, number][]}} Selection
 */

/**
 * Where a visitor stands.
 * @typedef {object} Standing
 * @property {string} model
 * @property {string} view
 * @property {import("../components/controls/state.js").State} state of the controls
 * @property {Stroke[]} strokes of a drawing, where the state starts there
 * @property {number[]} hidden classes
 * @property {Selection | null} selection
 * @property {number} other the item at the other end of a path
 * @property {string} block whose strips are shown
 */

/**
 * What a model has, against which an address is read.
 * @typedef {object} Known
 * @property {number} items
 * @property {string[]} classes
 * @property {string[]} names of the groups on the maps
 * @property {Record<string, number>} sizes of the blocks
 * @property {Record<string, number[]>} betas positions
 * @property {Record<string, number>} usual
 * @property {string[]} panels
 */

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const LOW = -1000; // of a point in a link
const MOST = 3000; // characters of a drawing in a link
const REACH = 1000; // of a coordinate

/**
 * @param {string} model
 * @param {string} view
 * @param {Known} known
 * @returns {Standing}
 */
export const usual = (model, view, known) => ({
  model,
  view,
  state: {
    start: "item",
    item: 0,
    label: null,
    seed: 0,
    temperature: 1,
    moved: {},
    betas: { ...known.usual },
  },
  strokes: [],
  hidden: [],
  selection: null,
  other: Math.min(1, known.items - 1),
  block: Object.keys(known.sizes)[0] ?? "",
});

/** @type {Record<string, string>} what a visitor is told of, by its name in an address */
const words = { to: "item at the other end" };

/** @param {string} text */
const short = (text) => (text.length > 40 ? `${text.slice(0, 40)}…` : text);

/**
 * What an address asks for; what it asks for and is not there is told in a sentence each, and left as usual.
 * @param {URLSearchParams} asked
 * @param {string} model
 * @param {string} view
 * @param {Known} known
 * @returns {{standing: Standing, notes: string[]}}
 */
export function read(asked, model, view, known) {
  const standing = usual(model, view, known);
  const { state } = standing;
  /** @type {string[]} */
  const notes = [];
  /** @type {(name: string, low: number, high: number, take: (value: number) => void, whole?: boolean) => void} */
  const number = (name, low, high, take, whole = true) => {
    const text = asked.get(name);
    if (text === null || text === "") return;
    const value = Number(text);
    if (Number.isFinite(value) && value >= low && value <= high && (!whole || Number.isInteger(value)))
      take(value);
    else
      notes.push(
        `This link asks for the ${words[name] ?? name} “${short(text)}”: give ${whole ? "a whole number" : "a number"} from ${low} to ${high}.`,
      );
  };
  number("item", 0, known.items - 1, (value) => (state.item = value));
  number("to", 0, known.items - 1, (value) => (standing.other = value));
  number("seed", 0, 9999, (value) => (state.seed = value));
  number("temperature", 0, 2, (value) => (state.temperature = value), false);
  const label = asked.get("class");
  if (label && label !== "all") {
    if (known.classes.includes(label)) state.label = known.classes.indexOf(label);
    else notes.push(`This link asks for the class “${short(label)}”, which this model does not have.`);
  }
  for (const [block, positions] of Object.entries(known.betas)) {
    const low = positions[0] * 0.999;
    const high = positions[positions.length - 1] * 1.001;
    number(
      `beta_${block}`,
      Number(low.toPrecision(3)),
      Number(high.toPrecision(3)),
      (value) => (state.betas[block] = nearest(positions, value)),
      false,
    );
  }
  const moves = moved(asked.get("move") ?? "", known.sizes);
  if (moves) state.moved = moves;
  else notes.push("This link’s moves cannot be read: write them as block.dimension~value.");
  const [drawn, start] = [asked.get("drawing"), asked.get("start")];
  const strokes = drawing(drawn ?? "");
  if (strokes.length) [standing.strokes, state.start] = [strokes, "own"];
  else if (drawn) notes.push("This link’s drawing cannot be read: draw one on Start.");
  else if (start === "prior") state.start = "prior";
  else if (start === "own")
    notes.push("This link starts from its sender’s own image, which it does not carry: draw one on Start.");
  else if (start && start !== "item")
    notes.push(`This link starts from “${short(start)}”: give item, prior or a drawing.`);
  if (state.start === "prior" && known.classes.length) state.label ??= 0;
  const block = asked.get("block");
  if (block && Object.hasOwn(known.sizes, block)) standing.block = block;
  else if (block)
    notes.push(`This link asks for the block “${short(block)}”, which this model does not have.`);
  const hidden = (asked.get("hidden") ?? "").split(",").filter(Boolean);
  const last = known.names.length - 1;
  if (hidden.every((text) => /^\d+$/.test(text) && Number(text) <= last))
    standing.hidden = hidden.map(Number);
  else
    notes.push(
      `This link hides the classes “${short(hidden.join(","))}”: give class numbers from 0 to ${last}.`,
    );
  const lasso = asked.get("selection");
  standing.selection = selection(lasso ?? "", known.panels);
  if (lasso && !standing.selection)
    notes.push("This link’s selection cannot be read: draw a lasso on one of the maps.");
  return { standing, notes };
}

/**
 * What an address says of where a visitor stands; what is as usual is left out.
 * @param {Standing} standing
 * @param {Known} known
 * @param {boolean} named whether model and view are said
 */
export function written({ model, view, state, strokes, hidden, selection, other, block }, known, named) {
  const said = new URLSearchParams(named ? { model, page: view } : {});
  const from = usual(model, view, known);
  /** @type {(name: string, value: string | number | null) => void} */
  const say = (name, value) => {
    if (value !== null && value !== "") said.set(name, String(value));
  };
  const drawn = state.start === "own" ? drawingText(strokes) : "";
  if (state.start !== "item") say("start", state.start === "own" && !drawn ? null : state.start);
  if (state.start === "item" && state.item) say("item", state.item);
  if (state.seed) say("seed", state.seed);
  if (state.temperature !== 1) say("temperature", Number(state.temperature.toPrecision(6)));
  if (state.label !== null) say("class", known.classes[state.label] ?? null);
  say("move", movedText(state.moved));
  for (const [name, beta] of Object.entries(state.betas)) {
    if (Math.abs(Math.log(beta / from.state.betas[name])) > 1e-3)
      say(`beta_${name}`, Number(beta.toPrecision(3)));
  }
  say("drawing", drawn);
  say("hidden", hidden.join(","));
  if (selection) say("selection", [selection.panel, ...selection.polygon.flat()].join("~"));
  if (other !== from.other) say("to", other);
  if (block !== from.block) say("block", block);
  return said;
}

/**
 * The nearest of some betas, in ratios.
 * @param {readonly number[]} positions
 * @param {number} beta
 */
export const nearest = (positions, beta) =>
  positions.reduce((best, each) =>
    Math.abs(Math.log(each / beta)) < Math.abs(Math.log(best / beta)) ? each : best,
  );

/** @param {Record<string, Record<number, number>>} moves */
const movedText = (moves) =>
  Object.entries(moves)
    .flatMap(([block, each]) =>
      Object.entries(each).map(([d, value]) => `${block}.${d}~${Number(value.toPrecision(6))}`),
    )
    .join("~");

/**
 * @param {string} text
 * @param {Record<string, number>} sizes
 * @returns {Record<string, Record<number, number>> | null} null where it cannot be read
 */
function moved(text, sizes) {
  const words = text ? text.split("~") : [];
  /** @type {Record<string, Record<number, number>>} */
  const moves = {};
  if (words.length % 2) return null;
  for (let i = 0; i < words.length; i += 2) {
    const dot = words[i].lastIndexOf(".");
    const [block, d, value] = [words[i].slice(0, dot), Number(words[i].slice(dot + 1)), Number(words[i + 1])];
    const there = Number.isInteger(d) && d >= 0 && d < (Object.hasOwn(sizes, block) ? sizes[block] : 0);
    if (!there || !words[i + 1].trim() || !(Math.abs(value) <= REACH)) return null;
    (moves[block] ??= {})[d] = value;
  }
  return moves;
}

/**
 * @param {string} text
 * @param {readonly string[]} panels
 * @returns {Selection | null}
 */
function selection(text, panels) {
  const [panel, ...numbers] = text.split("~");
  const values = numbers.map(Number);
  if (!panels.includes(panel) || values.length < 6 || values.length % 2 || !values.every(Number.isFinite))
    return null;
  /** @type {[number, number][]} */
  const polygon = [];
  for (let i = 0; i < values.length; i += 2) polygon.push([values[i], values[i + 1]]);
  return { panel, polygon };
}

/** @param {number} value from 0 to 4095 */
const letters = (value) => LETTERS[value >> 6] + LETTERS[value & 63];

/**
 * Strokes as a link says them: two letters a number, `~` between strokes; fewer points of many, nothing of too many.
 * @param {readonly Stroke[]} strokes
 */
export function drawingText(strokes) {
  for (const step of [1, 2, 3, 4, 6, 8, 12]) {
    const text = strokes
      .map(({ width, ink, points }) => {
        const kept = points.filter((_, i) => (i >> 1) % step === 0 || i >= points.length - 2);
        const within = kept.map((value) => Math.max(0, Math.min(4095, Math.round(value) - LOW)));
        return [Math.round(width), Math.round(ink), ...within].map(letters).join("");
      })
      .join("~");
    if (text.length <= MOST) return text;
  }
  return "";
}

/**
 * The strokes of such a text; none for any other.
 * @param {string} text
 * @returns {Stroke[]}
 */
export function drawing(text) {
  const strokes = text.replace(/^as-placed\./, "").split("~");
  if (!strokes.every((stroke) => /^[\w-]{8}([\w-]{4})*$/.test(stroke))) return [];
  const drawn = strokes.map((stroke) => {
    const pairs = stroke.match(/../g) ?? [];
    const [width, ink, ...points] = pairs.map(([a, b]) => LETTERS.indexOf(a) * 64 + LETTERS.indexOf(b));
    return { width, ink: Math.min(255, ink), points: points.map((value) => value + LOW) };
  });
  return drawn.some(isSeen) ? drawn : [];
}

/**
 * Whether a stroke leaves ink on the paper.
 * @param {Stroke} stroke
 */
const isSeen = ({ ink, points }) =>
  ink > 0 &&
  points.some(
    (x, i) => i % 2 === 0 && x >= 0 && x <= UNIT && points[i + 1] >= 0 && points[i + 1] <= 2 * UNIT,
  );
