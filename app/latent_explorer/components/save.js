// Saves the figure with a given key, wherever it stands: one of our components, or a chart of plotly.
//
// `element`, `svgDocument` and `saveMenu` come from shared.js, which Python puts in front.

const MARGIN = 12;  // CSS pixels round a saved chart

/** Every element below a node, also behind shadow roots. */
function* within(node) {
  for (const child of node.querySelectorAll("*")) {
    yield child;
    if (child.shadowRoot) yield* within(child.shadowRoot);
  }
}

/** The figure of this key as SVG text. */
function svgOf(key, background) {
  for (const place of document.getElementsByClassName(`st-key-${key}`)) {
    for (const node of within(place)) {
      if (node.figure) return node.figure();
      if (node.classList.contains("js-plotly-plot")) return svgOfPlotly(node, background);
    }
  }
  throw new Error(`no figure has the key ${key}`);
}

/** Plotly draws in layers, one SVG each: put them on top of each other. */
function svgOfPlotly(plot, background) {
  const layers = [...plot.querySelectorAll("svg.main-svg")].map((layer) => layer.cloneNode(true));
  for (const layer of layers) {
    for (const node of layer.querySelectorAll(".hoverlayer, .draglayer")) node.remove();
  }
  const { width, height } = plot.querySelector("svg.main-svg").getBoundingClientRect();
  const written = layers.map((layer) => new XMLSerializer().serializeToString(layer));
  const inside = `<g transform="translate(${MARGIN} ${MARGIN})">${written.join("")}</g>`;
  return svgDocument(width + 2 * MARGIN, height + 2 * MARGIN, background, inside);
}

export default function ({ data, parentElement }) {
  const root = element("div", { class: "save" });
  const background = () => getComputedStyle(root).getPropertyValue("--st-background-color") || "#fff";
  root.append(saveMenu(() => data.name, () => svgOf(data.figure, background())));
  parentElement.querySelector(".save")?.remove();
  parentElement.append(root);
}
