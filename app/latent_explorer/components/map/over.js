// What a panel shows over its dots: shapes of priors and posteriors, selections, their names, and the items that are opened or under the pointer.

import { shortened } from "../shared/words.js";
import {
  LABEL_LINE,
  paintLabels,
  paintOpened,
  paintOutline,
  paintShape,
  paintRing,
  paintStar,
  strokeOnHalo,
} from "./painting.js";
import { topOf } from "./polygons.js";
import { cornersOf } from "./view.js";

/**
 * @typedef {import("./painting.js").Context} Context
 * @typedef {import("./painting.js").Label} Label
 * @typedef {import("./painting.js").Outline} Outline
 * @typedef {import("./panel.js").Panel} Panel
 * @typedef {import("./polygons.js").Point} Point
 * @typedef {import("./view.js").Shape} Shape
 * @typedef {{path: Point[], colour: string, name: string}} Drawn a selection on the screen
 */

const MOST_LETTERS = 24; // of a name on the map
const SMALLEST_ELLIPSE = 5; // CSS pixels: a posterior narrower than the gaps between items would not be seen

/**
 * The shapes to show, in screen coordinates: priors of shown classes, posteriors.
 * @param {Panel} panel
 * @returns {Outline[]}
 */
export function outlinesOf(panel) {
  const { map } = panel;
  /** @type {(shape: Shape) => boolean} */
  const isSeen = ({ kind, class: c }) =>
    kind === "prior" ? map.showPriors && (c === null || map.shown[c]) : map.showPosteriors;
  const shapes = panel.follows ? [] : panel.shapes;
  return shapes.filter(isSeen).map((shape) => {
    const { label, kind, class: c } = shape;
    const colour = c === null ? map.theme.text : map.theme.css[c];
    if ("rings" in shape) {
      const rings = shape.rings.map((ring) => cornersOf(ring).map((corner) => panel.toScreen(corner)));
      return { rings, label, colour };
    }
    const isPosterior = kind !== "prior";
    /** @type {(radius: number) => number} */
    const seen = (radius) => Math.max(panel.onScreen(radius), isPosterior ? SMALLEST_ELLIPSE : 0);
    const [a, b] = shape.radii;
    const radii = /** @type {Point} */ ([seen(a), seen(b)]);
    return { at: panel.toScreen(shape.centre), radii, tilt: shape.tilt, label, colour, isPosterior };
  });
}

/**
 * The outlines of selections in a panel, in screen coordinates: the kept one, A, and the present one.
 * @param {Panel} panel
 */
export function selectionsOf(panel) {
  const { kept, selection, theme } = panel.map;
  /** @type {Drawn[]} */
  const found = [];
  /** @type {(each: typeof kept, colour: string, name: string) => void} */
  const add = (each, colour, name) => {
    if (each?.panel !== panel.name) return;
    found.push({ path: each.polygon.map((corner) => panel.toScreen(corner)), colour, name });
  };
  add(kept, theme.text, "A");
  if (!panel.gestures.path) add(selection, theme.primary, kept ? "B" : "");
  return found;
}

/**
 * Where the name of an outline goes: a posterior's below it, clear of the item's own mark; a region's at the top of its largest piece.
 * @param {Outline} outline
 * @returns {Point}
 */
function placeOfName(outline) {
  if ("rings" in outline) return topOf(outline.rings[0]);
  const {
    at: [x, y],
    radii: [a, b],
    tilt,
    isPosterior,
  } = outline;
  const half = Math.hypot(a * Math.sin(tilt), b * Math.cos(tilt));
  return [x, isPosterior ? y + Math.max(half, 15) + LABEL_LINE / 2 : y];
}

/**
 * Where names go: those of outlines, and a selection's at its top.
 * @param {readonly Outline[]} outlines
 * @param {readonly Drawn[]} selections
 * @returns {Label[]}
 */
export function labelsOf(outlines, selections) {
  const names = shortened(
    outlines.map(({ label }) => label),
    MOST_LETTERS,
  );
  const ofOutlines = outlines.map((outline, place) => ({ text: names[place], at: placeOfName(outline) }));
  const ofSelections = selections.map(({ name, path }) => ({ text: name, at: topOf(path) }));
  return [...ofOutlines, ...ofSelections].filter(({ text }) => text);
}

/**
 * @param {Context} context scaled to CSS pixels, and clear
 * @param {Panel} panel
 */
export function paintOver(context, panel) {
  const { map, gestures, guest } = panel;
  const { theme } = map;
  context.lineJoin = context.lineCap = "round";
  const outlines = outlinesOf(panel);
  const selections = selectionsOf(panel);
  outlines.forEach((outline) => paintShape(context, theme, outline));
  selections.forEach(({ path, colour }) => paintOutline(context, theme, path, { colour }));
  if (gestures.path) paintOutline(context, theme, gestures.path, { closed: gestures.isBox });
  paintLabels(context, theme, labelsOf(outlines, selections));
  if (map.item >= 0) paintOpened(context, theme, panel.placeOf(map.item), map.colourOf(map.item));
  if (guest && !panel.follows) paintStar(context, theme, panel.toScreen(guest));
  if (map.hover >= 0) paintHovered(context, panel, map.hover);
}

/**
 * @param {Context} context
 * @param {Panel} panel
 * @param {number} item
 */
function paintHovered(context, panel, item) {
  const { map, pictured, side } = panel;
  const picture = pictured.find(([other]) => other === item);
  if (!picture) return paintRing(context, map.theme, panel.placeOf(item), map.colourOf(item), 6, 2);
  const [, x, y] = picture;
  context.beginPath();
  context.rect(x - side / 2, y - side / 2, side, side);
  strokeOnHalo(context, map.theme, map.theme.text, 2);
}
