// A map as a picture to keep: SVG of what is in view, with title, axes and legend. `svgDocument` and `svgText` come from
// shared.js, which makes a PNG of it too.

const SAVED = { title: 34, axis: 24, legend: 22, margin: 14 };  // CSS pixels round the plot

/** Panel as SVG text: circles for the items, ellipses, selections, the opened item, pictures where there are some. */
function mapPicture(panel) {
  const { map, width, height, axes } = panel, { theme, data } = map, names = data.classes;
  const shown = names.flatMap((name, c) => (map.shown[c] ? [[name, theme.css[c]]] : []));
  const rows = legendRows(shown, width, theme);
  const whole = [width + SAVED.axis + SAVED.margin, SAVED.title + height + SAVED.axis + rows.length * SAVED.legend + SAVED.margin];
  const text = (words, x, y, more = {}) =>
    svgText(words, { x, y, fill: theme.text, "font-family": theme.font, "font-size": 12, ...more });
  const [left, top, bottom] = [SAVED.axis, SAVED.title, SAVED.title + height];
  const middle = top + height / 2;
  return svgDocument(...whole, theme.paper, [
    text(panel.title, left, 22, { "font-size": 15, "font-weight": 600 }),
    text(axes[0], left + width / 2, bottom + 17, { "text-anchor": "middle" }),
    text(axes[1], 16, middle, { "text-anchor": "middle", transform: `rotate(-90 16 ${middle})` }),
    `<svg x="${left}" y="${top}" width="${width}" height="${height}" overflow="hidden">${insides(panel)}</svg>`,
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="none" stroke="${theme.text}" stroke-opacity=".3"/>`,
    ...rows.flatMap((row, r) => row.map(([name, colour, x]) => {
      const y = bottom + SAVED.axis + (r + 0.6) * SAVED.legend;
      return `<circle cx="${left + x + 5}" cy="${y - 4}" r="5" fill="${colour}"/>` + text(name, left + x + 15, y);
    })),
  ].join(""));
}

/** The legend's entries `[name, colour, x]` in rows that fit the width. */
function legendRows(entries, width, theme) {
  const context = new OffscreenCanvas(1, 1).getContext("2d"), rows = [[]];
  context.font = `12px ${theme.font}`;
  let x = 0;
  for (const [name, colour] of entries) {
    const needed = context.measureText(name).width + 30;
    if (x + needed > width && x) {
      rows.push([]);
      x = 0;
    }
    rows.at(-1).push([name, colour, x]);
    x += needed;
  }
  return rows;
}

const short = (value) => Number(value.toFixed(2));

function insides(panel) {
  const { map } = panel, { theme } = map;
  const labels = panel.selections.flatMap(({ name, path }) => (name ? [{ text: name, at: topOf(path) }] : []));
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  return [
    dots(panel),
    ...panel.pictured.map((place) => savedPicture(panel, place)),
    ...panel.outlines.map(({ at: [x, y], radii: [a, b], tilt, colour, isPosterior }) => {
      const shape = `<ellipse cx="${short(x)}" cy="${short(y)}" rx="${short(a)}" ry="${short(b)}"`
        + ` transform="rotate(${short((-tilt * 180) / Math.PI)} ${short(x)} ${short(y)})" fill="none"`;
      const line = isPosterior ? `stroke-width="1.5" stroke-dasharray="3 3"` : `stroke-width="2"`;
      return `${shape} stroke="${theme.paper}" stroke-width="4.5"/>${shape} stroke="${colour}" ${line}/>`;
    }),
    ...panel.selections.map(({ path, colour }) => {
      const corners = path.map((corner) => corner.map(short).join(",")).join(" ");
      return `<polygon points="${corners}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="7 5"/>`;
    }),
    opened(panel),
    guest(panel),
    ...spread(context, theme, [...panel.labels, ...labels]).map(({ text, x, y }) => svgText(text, {
      x: short(x), y: short(y), "text-anchor": "middle", "dominant-baseline": "central", "font-family": theme.font, "font-size": 13,
      "font-weight": 600, fill: theme.text, stroke: theme.paper, "stroke-width": 4, "paint-order": "stroke", "stroke-linejoin": "round",
    })),
  ].join("");
}

/** A circle for each item in view, in the order in which they are painted: those outside a selection first, and pale. */
function dots(panel) {
  const { map, points, radius } = panel, { classes } = map.dataset, { theme, selected } = map, r = short(radius);
  const passes = [[], []], fills = [theme.pale, theme.classes].map((colours) => colours.map((colour) => `rgb(${colour.join()})`));
  points.visit(panel.inView(), map.isShown, (item) => {
    const pass = selected ? selected[item] : 1, [x, y] = panel.placeOf(item).map(short);
    passes[pass].push(`<circle cx="${x}" cy="${y}" r="${r}" fill="${fills[pass][classes[item]]}"/>`);
  });
  return passes.flat().join("");
}

function savedPicture({ map, side }, [item, x, y]) {
  const canvas = map.pictures.of(item), copy = element("canvas", { width: canvas.width, height: canvas.height });
  copy.getContext("2d").drawImage(canvas, 0, 0);
  const corner = (at, inset) => short(at - side / 2 + inset);
  const colour = map.theme.css[map.dataset.classes[item]], inner = side - 4;
  return `<rect x="${corner(x, 0)}" y="${corner(y, 0)}" width="${side}" height="${side}" fill="${colour}"/>`
    + `<image x="${corner(x, 2)}" y="${corner(y, 2)}" width="${inner}" height="${inner}" href="${copy.toDataURL()}"`
    + ` style="image-rendering:pixelated"/>`;
}

function opened(panel) {
  const { map } = panel, { theme, item } = map;
  if (item < 0) return "";
  const [x, y] = panel.placeOf(item).map(short), ring = `cx="${x}" cy="${y}" r="9" fill="none"`;
  const ticks = `M${x + 9} ${y}h6M${x - 9} ${y}h-6M${x} ${y + 9}v6M${x} ${y - 9}v-6`;
  return `<circle ${ring} stroke="${theme.paper}" stroke-width="5"/><circle ${ring} stroke="${theme.text}" stroke-width="2.5"/>`
    + `<path d="${ticks}" stroke="${theme.text}" stroke-width="2.5"/>`
    + `<circle cx="${x}" cy="${y}" r="4" fill="${theme.css[map.dataset.classes[item]]}" stroke="${theme.text}" stroke-width="1.5"/>`;
}

function guest(panel) {
  if (!panel.guest) return "";
  const [x, y] = panel.toScreen(...panel.guest), { theme } = panel.map;
  const corners = star(x, y).map((corner) => corner.map(short).join(",")).join(" ");
  return `<polygon points="${corners}" fill="${theme.primary}" stroke="${theme.text}" stroke-width="1.2" stroke-linejoin="round"/>`;
}
