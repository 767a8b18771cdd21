// What goals of lessons ask for: facts of where the visitor stands. As in the app (lessons/facts.py).

import { between, blended, nearest } from "../components/shared/knots.js";
import { requestOf } from "./site.js";

/**
 * @typedef {import("./site.js").Site} Site
 * @typedef {import("./goals.js").Fact} Fact
 */

const CONTROLS = ["start", "live"]; // views with handles

/** @type {Record<string, (site: Site) => Fact | Promise<Fact>>} */
const FACTS = {
  model: ({ page }) => page.name,
  own_image: ({ standing }) => standing.strokes.length > 0,
  item: ({ standing: { state } }) => (state.start === "item" ? state.item : null),
  class: ({ page, standing: { state } }) => (state.label === null ? null : page.classes[state.label]),
  start: ({ standing: { state } }) => state.start,
  seed: ({ standing: { state } }) => state.seed,
  temperature: ({ standing: { state } }) => state.temperature,
  block: ({ standing }) => standing.block,
  hidden: ({ standing }) => standing.hidden.map(String),
  selection: ({ standing }) => (standing.selection ? standing.selection.panel : null),
  move: ({ standing }) => Object.keys(standing.state.moved),
  drawing: ({ standing }) => (standing.strokes.length ? "drawn" : null),
  selected: ({ selected }) => selected.count,
  selected_class: ({ selected }) => selected.name,
  moved: (site) => moved(site),
  class_of_code: async (site) => {
    const classes = await shares(site);
    return classes ? site.page.names[classes.indexOf(Math.max(...classes))] : null;
  },
  sure: async (site) => {
    const classes = await shares(site);
    return classes ? Math.max(...classes) : null;
  },
  distance,
};

/** @type {Record<string, (site: Site, block: string) => Fact>} */
const OF_A_BLOCK = {
  moved,
  beta: ({ standing: { state } }, block) => state.betas[block] ?? null,
  rate: ({ page, standing: { state } }, block) => {
    const kept = page.kept?.[block];
    return kept ? blended(kept.rate, between(kept.betas, state.betas[block])) : null;
  },
  active: ({ page, standing: { state } }, block) => {
    const kept = page.kept?.[block];
    return kept ? kept.active[nearest(kept.betas, state.betas[block])] : null;
  },
};

/**
 * A fact by the name that a goal gives it; null where there is none.
 * @param {Site} site
 * @param {string} name
 * @param {Record<string, string[]>} pages the app's, by the view that stands for them
 */
export function fact(site, name, pages) {
  if (name === "page") return pages[site.standing.view] ?? [];
  if (name in FACTS) return FACTS[name](site);
  const cut = name.indexOf("_");
  const of = OF_A_BLOCK[name.slice(0, cut)];
  return of ? of(site, name.slice(cut + 1)) : null;
}

/**
 * How many handles stand off their start, of one block or of all.
 * @param {Site} site
 * @param {string} [block]
 */
function moved({ standing: { view, state } }, block) {
  if (!CONTROLS.includes(view)) return null;
  return Object.entries(state.moved)
    .filter(([name]) => block === undefined || name === block)
    .reduce((sum, [, moves]) => sum + Object.keys(moves).length, 0);
}

/**
 * p(class) of the code that is shown, where the model says one.
 * @param {Site} site
 */
async function shares({ page, standing, decoder }) {
  if (!CONTROLS.includes(standing.view)) return null;
  const { label, moved: moves } = standing.state;
  const { classes } = await decoder.answer(requestOf(page, standing, page.live, label, moves));
  return classes?.[0] ?? null;
}

/**
 * How far the code is from its start, Euclidean.
 * @param {Site} site
 */
async function distance({ page, standing, decoder }) {
  if (!CONTROLS.includes(standing.view)) return null;
  const { label, moved: moves } = standing.state;
  const [now, start] = await Promise.all(
    [moves, {}].map((each) => decoder.answer(requestOf(page, standing, page.live, label, each))),
  );
  const squares = (page.blocks ?? []).flatMap(({ name }) =>
    now.codes[name][0].map((value, d) => (value - start.codes[name][0][d]) ** 2),
  );
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
}
