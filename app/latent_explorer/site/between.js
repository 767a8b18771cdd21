// Paths between two items, and strips: one coordinate a row through its range.

import { element } from "../components/shared/elements.js";
import { button, choice, whole } from "./fields.js";
import { grid, gridData, joined } from "./grid.js";

/**
 * @typedef {import("./site.js").Site} Site
 * @typedef {import("./site.js").View} View
 * @typedef {import("../components/controls/state.js").BlockData} BlockData
 */

const STEPS = 11;
const STRIPS = 16; // dimensions that have a strip: the most used

/**
 * @param {Site} site
 * @param {HTMLElement} place
 * @returns {Promise<View>}
 */
export async function between(site, place) {
  const { page, standing } = site;
  const last = page.items - 1;
  const first = whole("From", standing.state.item, last, (item) => stand(item, site.standing.other));
  const second = whole("To", standing.other, last, (item) => stand(site.standing.state.item, item));
  const some = () => Math.floor(Math.random() * page.items);
  const another = button(`Another two ${page.kind.many}`, () => {
    const [a, b] = [some(), some()];
    first.show(a);
    second.show(b);
    stand(a, b);
  });
  const turned = button("Turn round", () => {
    const { state, other } = site.standing;
    first.show(other);
    second.show(state.item);
    stand(other, state.item);
  });
  const paths = element("section", { class: "grid" });
  const tools = element("div", { class: "tools" }, first.root, second.root, another, turned);
  const strips = element(
    "section",
    { class: "grid" },
    element("h2", {}, "What does each coordinate change?"),
  );
  const blocks = /** @type {BlockData[]} */ (page.live.blocks);
  if (blocks.length > 1) {
    /** @type {[string, string][]} */
    const options = (page.blocks ?? []).map(({ name, title }) => [name, title]);
    strips.append(
      element(
        "div",
        { class: "tools" },
        choice("Latents", options, standing.block, (block) => {
          site.change({ block }, true);
          site.trying(changed());
        }),
      ),
    );
  }
  place.append(tools, paths, strips);
  const mounted = [await grid(paths, await pathsOf(site)), await grid(strips, await stripsOf(site))];
  const changed = async () => {
    const [above, below] = await Promise.all([pathsOf(site), stripsOf(site)]);
    mounted[0].update(above);
    mounted[1].update(below);
  };
  const stand = (/** @type {number} */ item, /** @type {number} */ other) => {
    const state = {
      ...site.standing.state,
      start: /** @type {const} */ ("item"),
      item,
      label: null,
      moved: {},
    };
    site.change({ state, other }, true);
    site.trying(changed());
  };
  return { destroy: () => mounted.forEach(({ remove }) => remove()), changed: () => site.trying(changed()) };
}

/**
 * A path in all latents, and where there are several blocks one in each alone.
 * @param {Site} site
 */
async function pathsOf({ page, standing, decoder }) {
  const { item, betas } = standing.state;
  const { coded = [], below = {} } = page.model ?? {};
  const blocks = page.blocks ?? [];
  const kinds = [{ title: "all latents", moved: coded, lower: /** @type {string[]} */ ([]) }];
  if (blocks.length > 1 && blocks.length <= 6) {
    for (const { name } of blocks)
      kinds.push({ title: `${name} alone`, moved: [name], lower: below[name] ?? [] });
  }
  const rows = await Promise.all(
    kinds.map(({ moved, lower }) => {
      const held = coded.filter((name) => !lower.includes(name));
      const mix = Object.fromEntries(
        held.map((name) => [
          name,
          Array.from({ length: STEPS }, (_, t) => {
            const share = t / (STEPS - 1);
            /** @type {[number, number][]} */
            const both = [
              [item, 1 - share],
              [standing.other, share],
            ];
            return moved.includes(name) ? both : [/** @type {[number, number]} */ ([item, 1])];
          }),
        ]),
      );
      return decoder.answer({ model: page.name, betas, mix });
    }),
  );
  const { shape, pixels } = joined(rows);
  const columns = Array.from({ length: STEPS }, (_, t) =>
    t === 0 ? `${item}` : t === STEPS - 1 ? `${standing.other}` : `${t * 10} %`,
  );
  const title = `Paths from ${page.kind.one} ${item} to ${page.kind.one} ${standing.other}`;
  return gridData({ rows: kinds.map((kind) => kind.title), columns, title }, shape, pixels);
}

/** @param {Site} site */
async function stripsOf({ page, standing, decoder }) {
  const { item, betas } = standing.state;
  const blocks = /** @type {BlockData[]} */ (page.live.blocks);
  const block = blocks.find(({ name }) => name === standing.block) ?? blocks[0];
  const some = block.handles.filter(({ active }) => active).slice(0, STRIPS);
  const handles = some.length ? some : block.handles.slice(0, STRIPS);
  const { coded = [], below = {} } = page.model ?? {};
  /** @type {[number, number][][]} */
  const alone = [[[item, 1]]];
  const start = await decoder.answer({
    model: page.name,
    betas,
    mix: Object.fromEntries(coded.map((name) => [name, alone])),
    back: true,
  });
  const held = coded.filter((name) => !(below[block.name] ?? []).includes(name));
  const rows = await Promise.all(
    handles.map(({ dimension, low, high }) => {
      const codes = Object.fromEntries(
        held.map((name) => [
          name,
          Array.from({ length: STEPS }, (_, t) => {
            const code = [...start.codes[name][0]];
            if (name === block.name) code[dimension] = low + ((high - low) * t) / (STEPS - 1);
            return code;
          }),
        ]),
      );
      return decoder.answer({ model: page.name, betas, codes });
    }),
  );
  const { shape, pixels } = joined(rows);
  /** @type {[number, number][]} */
  const marks = handles.flatMap(({ dimension, low, high }, row) => {
    const at = Math.round(((start.codes[block.name][0][dimension] - low) / (high - low)) * (STEPS - 1));
    return at >= 0 && at < STEPS ? [/** @type {[number, number]} */ ([row, at])] : [];
  });
  return gridData(
    {
      rows: handles.map(
        ({ dimension, factor }) => `${block.name}[${dimension}]${factor ? ` · ${factor}` : ""}`,
      ),
      notes: handles.map(
        ({ low, high, used }) =>
          `${low.toFixed(1)} to ${high.toFixed(1)} · ${used} ${block.unit.includes("KL") ? "nats" : ""}`,
      ),
      columns: ["least", ...Array(STEPS - 2).fill(""), "most"],
      marks,
      title: `One coordinate of ${block.name} a line, through its range`,
    },
    shape,
    pixels,
  );
}
