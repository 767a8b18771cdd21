// The views of a published page: each a question, and what it needs of a model.

import { between } from "./between.js";
import { frontier } from "./frontier.js";
import { handles, start } from "./handles.js";
import { maps } from "./maps.js";
import { shelf } from "./lessons.js";
import { numbers } from "./numbers.js";
import { samples } from "./samples.js";

/**
 * @typedef {import("./site.js").Page} Page
 * @typedef {import("./site.js").Site} Site
 * @typedef {import("./site.js").View} View
 */

/**
 * @typedef {object} Declared
 * @property {string} name
 * @property {string} menu
 * @property {(page: Page) => string} title
 * @property {(page: Page) => string} caption
 * @property {boolean} sliders whether the sliders of beta stand above it
 * @property {(page: Page) => boolean} needs
 * @property {(page: Page) => string} lacking why it shows nothing of a model
 * @property {(site: Site, place: HTMLElement) => Promise<View>} show
 */

/** @param {Page} page */
const decodes = (page) => !page.noDecoder;
/** @param {Page} page */
const undecoded = (page) => `Nothing can be decoded here: ${page.noDecoder}.`;

/** @param {Page} page */
const width = (page) => Object.values(page.model?.sizes ?? {}).reduce((sum, size) => sum + size, 0);

/** @param {Page} page */
function ofDots({ kind, noDecoder, items, map }) {
  const code = noDecoder ? "embedding" : "posterior mean";
  const where = map.panels[0].plane ? `in two dimensions of its ${code}` : `where UMAP places its ${code}`;
  const between = noDecoder
    ? `Between the dots is no picture: ${noDecoder}.`
    : "Point at any place to decode it, also between dots; draw a lasso to select.";
  return `Each dot is one of ${items.toLocaleString("en")} ${kind.many}, ${where}. ${between}`;
}

/** @type {Declared[]} */
export const VIEWS = [
  {
    name: "start",
    menu: "Start",
    title: ({ kind }) => `How does a network describe ${kind.an} by a few numbers?`,
    caption: (page) =>
      `An encoder turns ${page.kind.an} into ${width(page)} numbers, its code; a decoder turns them back. Drag a handle: it is one of the numbers.`,
    sliders: true,
    needs: decodes,
    lacking: undecoded,
    show: start,
  },
  {
    name: "map",
    menu: "Map",
    title: ({ kind }) => `Where do ${kind.many} lie?`,
    caption: ofDots,
    sliders: true,
    needs: () => true,
    lacking: () => "",
    show: maps,
  },
  {
    name: "live",
    menu: "Handles",
    title: () => "What does each coordinate of a code change?",
    caption: ({ classes }) =>
      `Drag a handle, or press ▸ to sweep it, and see what that coordinate means.${classes.length ? " A class button sets what depends on the class and keeps the rest." : ""}`,
    sliders: false,
    needs: decodes,
    lacking: undecoded,
    show: handles,
  },
  {
    name: "samples",
    menu: "Samples",
    title: () => "What does the model draw by itself?",
    caption: ({ classes, kind }) =>
      `Each ${kind.one} is decoded from a draw of the prior${classes.length ? ", one line a class" : ""}.`,
    sliders: true,
    needs: decodes,
    lacking: undecoded,
    show: samples,
  },
  {
    name: "between",
    menu: "Between",
    title: ({ kind }) => `What lies between two ${kind.many}?`,
    caption: ({ kind }) =>
      `A path of codes from one ${kind.one} to another, decoded at eleven steps; below, one coordinate a line through its range.`,
    sliders: true,
    needs: decodes,
    lacking: undecoded,
    show: between,
  },
  {
    name: "frontier",
    menu: "Beta",
    title: () => "What is kept when every bit costs more?",
    caption: () =>
      "β is the price of a nat of the latents. Drag the red marker: the higher the price, the less is kept.",
    sliders: false,
    needs: ({ strips }) => Object.keys(strips ?? {}).length > 0,
    lacking: ({ name }) =>
      `${name} was trained for one β, so there is no frontier to show: publish a multi-rate model.`,
    show: frontier,
  },
  {
    name: "numbers",
    menu: "Numbers",
    title: () => "How good is this model?",
    caption: ({ card }) =>
      card.numbers.length
        ? `Every number was measured on ${card.on}${card.at}, with its standard error.`
        : "This model has not been measured yet.",
    sliders: false,
    needs: () => true,
    lacking: () => "",
    show: numbers,
  },
  {
    name: "lessons",
    menu: "Lessons",
    title: () => "What would you like to understand?",
    caption: () => "Each lesson leads through these pages, step by step.",
    sliders: false,
    needs: ({ lessons = [] }) => lessons.length > 0,
    lacking: () => "No lesson is on this site.",
    show: shelf,
  },
];
