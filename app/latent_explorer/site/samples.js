// Draws of the prior, a row a class, and the style of some items in every class.

import { element } from "../components/shared/elements.js";
import { slider } from "../components/controls/start.js";
import { COLDEST, HOTTEST, SEEDS } from "../components/shared/protocol.js";
import { button, choice, whole } from "./fields.js";
import { grid, gridData, joined } from "./grid.js";

/**
 * @typedef {import("./site.js").Site} Site
 * @typedef {import("./site.js").View} View
 */

const COLUMNS = 12; // as on the app's page, so that a seed is the same pictures there
const ROWS = { one: 4, none: 6, classes: 10 };
const ABREAST = 26; // classes that stand beside each other; of more, those that are drawn

/**
 * @param {Site} site
 * @param {HTMLElement} place
 * @returns {Promise<View>}
 */
export async function samples(site, place) {
  const { page } = site;
  const { state } = site.standing;
  let from = 0; // of classes that are many, the first that is shown
  const seed = whole("Seed", state.seed, SEEDS - 1, (value) => stand({ seed: value }));
  const temperature = slider(
    "Temperature",
    COLDEST,
    HOTTEST,
    0.05,
    (value) => {
      temperature.show(value, `${value.toFixed(2)} × σ`);
      stand({ temperature: value });
    },
    () => {},
  );
  temperature.show(state.temperature, `${state.temperature.toFixed(2)} × σ`);
  const tools = element(
    "div",
    { class: "tools" },
    seed.root,
    button("Draw again", () => {
      const thrown = Math.floor(Math.random() * SEEDS);
      seed.show(thrown);
      stand({ seed: thrown });
    }),
    temperature.root,
  );
  if (page.classes.length) {
    const { length } = page.classes;
    /** @type {[string, string][]} */
    const pages =
      length <= ROWS.classes
        ? [["all", "all"]]
        : Array.from({ length: Math.ceil(length / ROWS.classes) }, (_, p) => {
            const [a, b] = [p * ROWS.classes, Math.min(length, (p + 1) * ROWS.classes) - 1];
            return [`all ${a}`, `${page.classes[a]} to ${page.classes[b]}`];
          });
    /** @type {[string, string][]} */
    const each = page.classes.map((name, c) => [String(c), name]);
    tools.append(
      choice(
        "Class",
        [...pages, ...each],
        state.label === null ? pages[0][0] : String(state.label),
        (value) => {
          from = value.startsWith("all") ? Number(value.slice(4)) : 0;
          stand({ label: value.startsWith("all") ? null : Number(value) });
        },
      ),
    );
  }
  const drawn = element("section", { class: "grid" });
  const swapped = element("section", { class: "grid" });
  const both = page.classes.length > 1 && (page.styles ?? []).length > 0;
  place.append(tools, element("div", { class: both ? "grids" : "" }, drawn, ...(both ? [swapped] : [])));
  /** @type {Awaited<ReturnType<typeof grid>>[]} */
  const mounted = [await grid(drawn, await draws(site, from))];
  if (both) {
    mounted.push(await grid(swapped, await swaps(site, from)));
  }
  let [busy, again] = [false, false];
  const changed = async () => {
    again = true;
    if (busy) return;
    busy = true;
    try {
      while (again) {
        again = false;
        mounted[0].update(await draws(site, from));
        if (mounted[1]) mounted[1].update(await swaps(site, from));
      }
    } finally {
      busy = false;
    }
  };
  const stand = (/** @type {object} */ patch) => {
    site.stand(patch, true);
    site.trying(changed());
  };
  return { destroy: () => mounted.forEach(({ remove }) => remove()), changed: () => site.trying(changed()) };
}

/**
 * @param {Site} site
 * @param {number} from
 */
async function draws({ page, standing, decoder }, from) {
  const { seed, temperature, label, betas } = standing.state;
  const some = page.classes.map((_, c) => c).slice(from, from + ROWS.classes);
  /** @type {(number | null)[]} */
  const rows = !page.classes.length
    ? Array(ROWS.none).fill(null)
    : label !== null
      ? Array(ROWS.one).fill(label)
      : some;
  const classes = rows.flatMap((c) => Array(COLUMNS).fill(c));
  const labelled = page.classes.length ? { label: classes } : {};
  const request = { model: page.name, betas, draw: { seed, temperature }, ...labelled, n: classes.length };
  const answer = await decoder.answer(request);
  const words = rows.map((c) => (c === null ? "" : page.classes[c]));
  return gridData(
    {
      rows: words,
      title: page.classes.length ? "Draws of the prior, one line a class" : "Draws of the prior",
    },
    answer.shape,
    answer.pixels,
  );
}

/**
 * @param {Site} site
 * @param {number} from
 */
async function swaps({ page, standing, decoder }, from) {
  const { betas } = standing.state;
  const { classes, rows: items = [], styles = [] } = page;
  const all = classes.length <= ABREAST;
  const to = classes.map((_, c) => c).slice(all ? 0 : from, all ? undefined : from + ROWS.classes);
  /** @type {[number, number][][]} */
  const alone = items.map((item) => [[item, 1]]);
  const coded = page.model?.coded ?? [];
  const decoded = await decoder.answer({
    model: page.name,
    betas,
    mix: Object.fromEntries(coded.map((name) => [name, alone])),
  });
  const repeated = alone.flatMap((row) => to.map(() => row));
  const mix = Object.fromEntries(styles.map((name) => [name, repeated]));
  const elsewhere = await decoder.answer({ model: page.name, betas, mix, label: items.flatMap(() => to) });
  const { shape, pixels } = joined([decoded, elsewhere], items.length);
  return gridData(
    {
      rows: items.map((item) => `${page.kind.one} ${item}`),
      columns: ["decoded", ...to.map((c) => classes[c])],
      title: all
        ? "The same style in every class"
        : `The same style in ${classes[to[0]]} to ${classes[to[to.length - 1]]}`,
    },
    shape,
    pixels,
  );
}
