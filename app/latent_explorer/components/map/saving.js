// A map as a picture to keep: SVG of what is in view, with title, axes and legend.

import { contextOf, element, offscreen } from "../shared/elements.js";
import { svgDocument, svgText } from "../shared/saving.js";
import { MANY } from "./dots.js";
import { labelsOf, outlinesOf, selectionsOf } from "./over.js";
import { spread, star } from "./painting.js";

/**
 * @typedef {import("./painting.js").Context} Context
 * @typedef {import("./painting.js").Place} Place
 * @typedef {import("./panel.js").Panel} Panel
 * @typedef {[string, string, number]} Entry name, colour and place of a class in a row of the legend
 */

const PRINTED = 3; // pixels a CSS pixel, where dots are a picture
const SAVED = { title: 34, axis: 24, legend: 22, margin: 14 }; // CSS pixels round the plot

/**
 * A panel as SVG text: circles for the items, shapes of priors and posteriors, selections, the opened item, pictures where there are some.
 * @param {Panel} panel
 */
export function mapPicture(panel) {
  const { map, width, height, axes } = panel;
  const { theme, data } = map;
  const shown = data.classes.flatMap((name, c) => (map.shown[c] ? [[name, theme.css[c]]] : []));
  const rows = legendRows(shown, width, theme.font);
  const wide = width + SAVED.axis + SAVED.margin;
  const high = SAVED.title + height + SAVED.axis + rows.length * SAVED.legend + SAVED.margin;
  /** @type {(words: string, x: number, y: number, more?: Record<string, string | number>) => string} */
  const text = (words, x, y, more = {}) =>
    svgText(words, { x, y, fill: theme.text, "font-family": theme.font, "font-size": 12, ...more });
  const [left, top, bottom] = [SAVED.axis, SAVED.title, SAVED.title + height];
  const middle = top + height / 2;
  const box = `x="${left}" y="${top}" width="${width}" height="${height}"`;
  const parts = [
    text(panel.title, left, 22, { "font-size": 15, "font-weight": 600 }),
    text(axes[0], left + width / 2, bottom + 17, { "text-anchor": "middle" }),
    text(axes[1], 16, middle, { "text-anchor": "middle", transform: `rotate(-90 16 ${middle})` }),
    `<svg ${box} overflow="hidden">${insides(panel)}</svg>`,
    `<rect ${box} fill="none" stroke="${theme.text}" stroke-opacity=".3"/>`,
    ...rows.flatMap((row, r) =>
      row.map(([name, colour, x]) => {
        const y = bottom + SAVED.axis + (r + 0.6) * SAVED.legend;
        const dot = `<circle cx="${left + x + 5}" cy="${y - 4}" r="5" fill="${colour}"/>`;
        return dot + text(name, left + x + 15, y);
      }),
    ),
  ];
  return svgDocument(wide, high, theme.paper, parts.join(""));
}

/**
 * The legend's entries in rows that fit the width.
 * @param {string[][]} entries names and colours
 * @param {number} width
 * @param {string} font
 */
function legendRows(entries, width, font) {
  const { context } = offscreen(1, 1);
  /** @type {Entry[][]} */
  const rows = [[]];
  context.font = `12px ${font}`;
  let x = 0;
  for (const [name, colour] of entries) {
    const needed = context.measureText(name).width + 30;
    if (x + needed > width && x) {
      rows.push([]);
      x = 0;
    }
    rows[rows.length - 1].push([name, colour, x]);
    x += needed;
  }
  return rows;
}

/** @param {number} value */
const short = (value) => Number(value.toFixed(2));

/** @param {readonly (readonly [number, number])[]} corners */
const written = (corners) => corners.map((corner) => corner.map(short).join(",")).join(" ");

/** @param {Panel} panel */
function insides(panel) {
  return [
    ground(panel),
    dots(panel),
    ...panel.pictured.map((place) => savedPicture(panel, place)),
    shapes(panel),
    selections(panel),
    opened(panel),
    guest(panel),
    labels(panel),
  ].join("");
}

/** @param {Panel} panel */
function ground({ ground, width, height }) {
  if (!ground.isOn) return "";
  return `<image width="${width}" height="${height}" href="${ground.canvas.toDataURL()}"/>`;
}

/** @param {Panel} panel */
function shapes(panel) {
  const { theme } = panel.map;
  const shapes = outlinesOf(panel).map((outline) => {
    const shape = drawn(outline);
    const dashed = !("rings" in outline) && outline.isPosterior;
    const line = dashed ? `stroke-width="1.5" stroke-dasharray="3 3"` : `stroke-width="2"`;
    return `${shape} stroke="${theme.paper}" stroke-width="4.5"/>${shape} stroke="${outline.colour}" ${line}/>`;
  });
  return shapes.join("");
}

/** @param {import("./painting.js").Outline} outline */
function drawn(outline) {
  if ("rings" in outline) {
    const path = outline.rings.map((ring) => `M${written(ring)}Z`).join("");
    return `<path d="${path}" fill="none"`;
  }
  const {
    at: [x, y],
    radii: [a, b],
    tilt,
  } = outline;
  return (
    `<ellipse cx="${short(x)}" cy="${short(y)}" rx="${short(a)}" ry="${short(b)}"` +
    ` transform="rotate(${short((-tilt * 180) / Math.PI)} ${short(x)} ${short(y)})" fill="none"`
  );
}

/** @param {Panel} panel */
function selections(panel) {
  const look = `fill="none" stroke-width="2" stroke-dasharray="7 5"`;
  const shapes = selectionsOf(panel).map(
    ({ path, colour }) => `<polygon points="${written(path)}" stroke="${colour}" ${look}/>`,
  );
  return shapes.join("");
}

/** @param {Panel} panel */
function labels(panel) {
  const { theme } = panel.map;
  const look = {
    "text-anchor": "middle",
    "dominant-baseline": "central",
    "font-family": theme.font,
    "font-size": 13,
    "font-weight": 600,
    fill: theme.text,
    stroke: theme.paper,
    "stroke-width": 4,
    "paint-order": "stroke",
    "stroke-linejoin": "round",
  };
  return spread(offscreen(1, 1).context, theme, labelsOf(outlinesOf(panel), selectionsOf(panel)))
    .map(({ text, x, y }) => svgText(text, { x: short(x), y: short(y), ...look }))
    .join("");
}

/**
 * A circle for each item in view, in the order in which they are painted: those outside a selection first, and pale. So many that no
 * program would open the file are a picture, as fine as print.
 * @param {Panel} panel
 */
function dots(panel) {
  const { map, points, radius } = panel;
  const { theme, selected } = map;
  if (!points.inView(panel.inView(), MANY, map.isShown)) {
    const { width, height } = panel;
    return `<image width="${width}" height="${height}" href="${panel.dotsPicture(PRINTED).toDataURL()}"/>`;
  }
  /** @type {string[][]} */
  const passes = [[], []];
  const fills = [theme.pale, theme.classes].map((colours) =>
    colours.map((colour) => `rgb(${colour.join()})`),
  );
  points.visit(panel.inView(), map.isShown, (item) => {
    const pass = selected ? selected[item] : 1;
    const [x, y] = panel.placeOf(item).map(short);
    const fill = fills[pass][map.dataset.classes[item]];
    passes[pass].push(`<circle cx="${x}" cy="${y}" r="${short(radius)}" fill="${fill}"/>`);
  });
  return passes.flat().join("");
}

/**
 * @param {Panel} panel
 * @param {Place} place
 */
function savedPicture({ map, side }, [item, x, y]) {
  const picture = map.pictures.of(item);
  if (!picture) return "";
  const copy = element("canvas", { width: picture.width, height: picture.height });
  contextOf(copy).drawImage(picture, 0, 0);
  /** @type {(at: number, inset: number) => number} */
  const corner = (at, inset) => short(at - side / 2 + inset);
  const inner = side - 4;
  return (
    `<rect x="${corner(x, 0)}" y="${corner(y, 0)}" width="${side}" height="${side}" fill="${map.colourOf(item)}"/>` +
    `<image x="${corner(x, 2)}" y="${corner(y, 2)}" width="${inner}" height="${inner}" href="${copy.toDataURL()}"` +
    ` style="image-rendering:pixelated"/>`
  );
}

/** @param {Panel} panel */
function opened(panel) {
  const { map } = panel;
  const { theme, item } = map;
  if (item < 0) return "";
  const [x, y] = panel.placeOf(item).map(short);
  const ring = `cx="${x}" cy="${y}" r="9" fill="none"`;
  const ticks = `M${x + 9} ${y}h6M${x - 9} ${y}h-6M${x} ${y + 9}v6M${x} ${y - 9}v-6`;
  return (
    `<circle ${ring} stroke="${theme.paper}" stroke-width="5"/><circle ${ring} stroke="${theme.text}" stroke-width="2.5"/>` +
    `<path d="${ticks}" stroke="${theme.text}" stroke-width="2.5"/>` +
    `<circle cx="${x}" cy="${y}" r="4" fill="${map.colourOf(item)}" stroke="${theme.text}" stroke-width="1.5"/>`
  );
}

/** @param {Panel} panel */
function guest(panel) {
  if (!panel.guest) return "";
  const { theme } = panel.map;
  const corners = written(star(...panel.toScreen(panel.guest)));
  return `<polygon points="${corners}" fill="${theme.primary}" stroke="${theme.text}" stroke-width="1.2" stroke-linejoin="round"/>`;
}
