// What the views of a published page share: the model, where the visitor stands, and what a state looks like.

import { centred, drawn } from "./drawing.js";
import { toBase64 } from "./packing.js";
import { startOf } from "../components/controls/state.js";

/**
 * @typedef {import("./address.js").Known} Known
 * @typedef {import("./address.js").Standing} Standing
 * @typedef {import("./decoding.js").SiteDecoder} SiteDecoder
 * @typedef {import("../components/controls/state.js").State} State
 */

/** @typedef {{title: string, value: string, n: number, main: boolean}} NumberOfCard */

/**
 * What a model's page.json says.
 * @typedef {object} Page
 * @property {string} name
 * @property {import("../components/shared/words.js").Kind} kind
 * @property {number} items
 * @property {string[]} classes on which the model is conditioned
 * @property {string[]} names of the groups on the maps
 * @property {{title: string, purpose: string, made: string[], on: string, at: string, commands: string[], numbers: NumberOfCard[]}} card
 * @property {string} drawn how an observation is drawn, where that does not go without saying
 * @property {string} noDecoder
 * @property {string} noEncoder
 * @property {any} map
 * @property {import("./answers.js").Told} [model]
 * @property {Record<string, number[]>} [grid]
 * @property {Record<string, number[]>} [betas]
 * @property {Record<string, number>} [usual]
 * @property {any} [live]
 * @property {any} [first]
 * @property {string[]} [styles]
 * @property {{name: string, title: string, about: string}[]} [blocks]
 * @property {number[]} [rows]
 * @property {Record<string, string[]>} [strips] files of the strip of betas, by block
 * @property {Record<string, {betas: number[], rate: number[], active: number[]}>} [kept] rates in nats and active dimensions, by block
 * @property {readonly import("./lessons.js").Entry[]} [lessons] those of the site
 */

/**
 * What a view is given.
 * @typedef {object} Site
 * @property {Page} page
 * @property {string} folder of the model
 * @property {SiteDecoder} decoder
 * @property {Standing} standing
 * @property {boolean} only whether the view stands alone
 * @property {{count: number, name: string | null}} selected how many items the selection on the map holds, and the group of most of them
 * @property {(address: string) => void} go to another address
 * @property {(patch: Partial<Standing>, quiet?: boolean) => void} change quiet: the view shows it already
 * @property {(state: Partial<State>, quiet?: boolean) => void} stand
 * @property {(work: Promise<unknown>) => void} trying work that goes on by itself; where it fails, the page says why
 */

/** @typedef {{destroy: () => void, changed?: () => void}} View */

/**
 * What an address is read against.
 * @param {Page} page
 * @returns {Known}
 */
export const knownOf = (page) => ({
  items: page.items,
  classes: page.classes,
  names: page.names,
  sizes: Object.fromEntries((page.blocks ?? []).map(({ name }) => [name, page.model?.sizes[name] ?? 0])),
  betas: page.betas ?? {},
  usual: page.usual ?? {},
  panels: page.map.panels.map((/** @type {{name: string}} */ panel) => panel.name),
});

/**
 * What a component of the controls is given for where the visitor stands: what the page holds already of the first item as it is, and else
 * what the model makes of it.
 * @param {Site} site
 * @param {any} base `live` or `first` of the page
 */
export async function sceneOf({ page, decoder, standing }, base) {
  const { state, strokes } = standing;
  const drawing = state.start === "own" && strokes.length > 0;
  const given = { ...base, state, strokes: drawing ? strokes : [], userImage: imageOf(strokes, page) };
  if (isFirst(state, page)) return given;
  const [moved, still, own] = await Promise.all([
    decoder.answer(requestOf(page, standing, base, state.label, state.moved)),
    decoder.answer(requestOf(page, standing, base, state.label)),
    decoder.answer(requestOf(page, standing, base, state.start === "prior" ? state.label : null)),
  ]);
  const pixels = new Uint8Array([...Array.from(moved.pixels), ...Array.from(still.pixels)]);
  return {
    ...given,
    shape: [2, ...moved.shape.slice(1)],
    pixels: toBase64(pixels),
    codes: moved.codes,
    startCodes: still.codes,
    said: moved.classes?.[0] ?? null,
    given: toBase64(own.pixels),
  };
}

/**
 * What the model is asked for a start under a class, and what is moved from there: picture, codes and p(class).
 * @param {Page} page
 * @param {Standing} standing
 * @param {any} base `live` or `first` of the page
 * @param {number | null} label
 * @param {State["moved"]} move
 */
export function requestOf(page, { state, strokes }, base, label, move = {}) {
  const asked = { model: page.name, betas: state.betas, classes: true, back: true, move };
  if (state.start !== "own" || !strokes.length) return { ...asked, ...startOf({ ...state, label }, base) };
  const latents = label === null ? base.latents : base.kept;
  return {
    ...asked,
    drawing: { strokes, latents, centre: true },
    ...(label === null ? {} : { label: [label] }),
  };
}

/**
 * Whether a state is the first item as it is, at the usual betas.
 * @param {State} state
 * @param {Page} page
 */
function isFirst({ start, item, label, moved, betas }, page) {
  const same = Object.entries(page.usual ?? {}).every(
    ([block, beta]) => Math.abs(Math.log(betas[block] / beta)) < 1e-3,
  );
  return start === "item" && item === 0 && label === null && !Object.keys(moved).length && same;
}

/**
 * The pixels that strokes make, in base64, as controls without a paper ask for them; null where nothing is drawn, or nothing encodes.
 * @param {import("./address.js").Standing["strokes"]} strokes
 * @param {Page} page
 */
function imageOf(strokes, { model }) {
  if (!strokes.length || !model || !("encode" in model.inputs)) return null;
  const [channels, height, width] = model.shape;
  const figure = drawn(strokes, height, width);
  if (!figure) return null;
  const { values } = centred(figure);
  return toBase64(Uint8Array.from({ length: channels * values.length }, (_, i) => values[i % values.length]));
}
