// The linked maps, beside them what is pointed out, and below what a lasso holds.

import { element } from "../components/shared/elements.js";
import { putPicture, showFitted } from "../components/shared/pixels.js";
import { Dataset } from "../components/map/points.js";
import { selectedIn } from "../components/map/polygons.js";
import { corners } from "./atlas.js";
import { controls } from "./handles.js";
import { opened } from "./loading.js";
import { mount } from "./mount.js";
import { packed } from "./packing.js";

/**
 * @typedef {import("./site.js").Site} Site
 * @typedef {import("./site.js").View} View
 * @typedef {import("../components/map/points.js").Envelope} Envelope
 */

const MEAN_OF = 2000; // selected items of which the mean code is made, evenly spread
const SIDE = 112; // CSS pixels of its picture

/**
 * Where the items lie at the betas: between the points of a grid, between the places there.
 * @param {Site} site
 * @returns {Promise<Envelope>}
 */
async function placesAt({ page, folder, standing }) {
  const near = corners(page.grid ?? {}, standing.state.betas);
  const found = await Promise.all(near.map(([point]) => opened(`${folder}places-${point}.bin`)));
  const envelopes = /** @type {Envelope[]} */ (/** @type {unknown} */ (found));
  const main = near.reduce((best, [, share], at) => (share > near[best][1] ? at : best), 0);
  const [classes, ...columns] = envelopes[main].arrays;
  const mixed = columns.map((_, c) => {
    const parts = envelopes.map(({ arrays }) => arrays[c + 1]);
    if (parts.length === 1) return parts[0];
    return Uint16Array.from(parts[0], (__, i) =>
      Math.round(parts.reduce((sum, part, at) => sum + near[at][1] * part[i], 0)),
    );
  });
  const digest = JSON.stringify(near);
  return { header: { ...envelopes[main].header, digest }, arrays: [classes, ...mixed] };
}

/** @param {Envelope} envelope */
const message = ({ header, arrays }) =>
  packed(
    { map: header.map, digest: header.digest, grids: header.grids, priors: header.priors },
    .../** @type {any} */ (arrays),
  );

/**
 * @param {Site} site
 * @param {HTMLElement} place
 * @returns {Promise<View>}
 */
export async function maps(site, place) {
  const { page } = site;
  let places = await placesAt(site);
  const row = element("div", { class: `maps${page.noDecoder || site.only ? " alone" : ""}` });
  const main = element("div", { class: "main" });
  const side = element("aside", { class: "side" });
  row.append(main, ...(page.noDecoder || site.only ? [] : [side]));
  const said = element("div", { class: "selected" });
  place.append(row, said);

  const data = () => ({
    ...page.map,
    digest: places.header.digest,
    decoder: page.map.decoder && { ...page.map.decoder, betas: site.standing.state.betas },
    selection: site.standing.selection,
    item: openedItem(site),
    hidden: site.standing.hidden,
  });
  const points = await mount(main, "map", message(places), () => {});
  /** @type {Awaited<ReturnType<typeof controls>> | null} */
  let beside = null;
  const map = await mount(main, "map", data(), (name, { value }) => {
    if (name === "selection") site.change({ selection: value }, true);
    if (name === "hidden") site.change({ hidden: value }, true);
    if (name === "item" && value !== null) {
      site.stand({ start: "item", item: value, label: null, moved: {} }, true);
      if (beside) site.trying(beside.follow());
    }
    if (name !== "item") tell();
  });
  const tell = () => selected(site, said, places);
  tell();
  if (!page.noDecoder && !site.only) {
    const narrow = { ...page.first, narrow: true, paper: false };
    beside = await controls(site, side, narrow, () => map.update(data()));
  }
  let turn = 0;
  const follow = async () => {
    const mine = ++turn;
    const newer = await placesAt(site);
    if (mine !== turn) return;
    places = newer;
    points.update(message(places));
    map.update(data());
    tell();
    await beside?.follow();
  };
  return {
    destroy: () => {
      points.remove();
      map.remove();
      beside?.destroy();
    },
    changed: () => site.trying(follow()),
  };
}

/** @param {Site} site */
const openedItem = ({ standing: { state } }) => (state.start === "item" && state.item ? state.item : null);

/**
 * What a lasso holds: how many of each class, and the picture of their mean code.
 * @param {Site} site
 * @param {HTMLElement} place
 * @param {Envelope} envelope
 */
function selected(site, place, envelope) {
  const { page, standing, decoder } = site;
  const { selection, hidden } = standing;
  place.replaceChildren();
  site.selected = { count: 0, name: null };
  if (!selection) return;
  const dataset = new Dataset(envelope);
  const at = page.map.panels.findIndex((/** @type {{name: string}} */ { name }) => name === selection.panel);
  if (at < 0) return;
  const members = selectedIn(
    dataset.panels[at],
    selection.polygon,
    (item) => !hidden.includes(dataset.classes[item]),
  );
  const items = Array.from(members.keys()).filter((item) => members[item]);
  if (!items.length) return;
  const counts = page.names.map((name, c) => ({
    name,
    c,
    count: items.filter((item) => dataset.classes[item] === c).length,
  }));
  const most = counts.reduce((best, each) => (each.count > best.count ? each : best));
  site.selected = { count: items.length, name: most.name };
  const bars = counts
    .filter(({ count }) => count)
    .sort((a, b) => b.count - a.count)
    .map(({ name, c, count }) => {
      const share = (100 * count) / items.length;
      const bar = element("span", {
        class: "bar",
        style: `width:${share}%;background:${page.map.colours[c]}`,
      });
      const words = `${count.toLocaleString("en")} (${share.toFixed(share < 10 ? 1 : 0)} %)`;
      return element(
        "div",
        { class: "count" },
        element("span", { class: "of" }, name),
        element("span", { class: "track" }, bar),
        element("span", {}, words),
      );
    });
  const heading = element(
    "h2",
    {},
    `What is selected: ${items.length.toLocaleString("en")} ${page.kind.many}`,
  );
  const canvas = element("canvas", {
    role: "img",
    class: "mean",
    width: 1,
    height: 1,
    "aria-label": "Decoded mean of the selected codes",
  });
  const figure = element(
    "figure",
    {},
    canvas,
    element("figcaption", {}, `${page.kind.one} of the mean code`),
  );
  place.append(
    heading,
    element(
      "div",
      { class: "held" },
      ...(page.noDecoder ? [] : [figure]),
      element("div", { class: "counts" }, ...bars),
    ),
  );
  if (page.noDecoder || !page.model) return;
  const step = Math.max(1, items.length / MEAN_OF);
  const some = Array.from({ length: Math.floor(items.length / step) }, (_, k) => items[Math.floor(k * step)]);
  /** @type {[number, number][]} */
  const mean = some.map((item) => [item, 1 / some.length]);
  const mix = Object.fromEntries(page.model.coded.map((name) => [name, [mean]]));
  decoder.ask("selected", { model: page.name, betas: standing.state.betas, mix }, (answer) => {
    if ("error" in answer) return;
    putPicture(canvas, answer);
    showFitted(canvas, SIDE);
  });
}
