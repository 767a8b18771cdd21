// Horizontal bars with their values: one SVG, drawn for the width there is, so that it can be saved as it stands.
//
// `element`, `svgText` and what saves a figure come from shared.js, which Python puts in front.

const ROW = 21, TITLE = 26, SIZE = 13;  // CSS pixels
const VALUE = 52;                       // the room for "100.0%"

const widthOf = (text) => {
  const context = (widthOf.canvas ??= document.createElement("canvas")).getContext("2d");
  context.font = `${SIZE}px sans-serif`;
  return context.measureText(text).width;
};

class Bars {
  constructor(parent) {
    this.picture = element("div", { role: "img" });
    this.root = element("div", { class: "bars saveable", "data-ready": "false" }, this.picture);
    this.root.figure = () => this.#svg(this.#colour("--st-background-color", "#fff"));
    this.root.append(saveMenu(() => fileName(this.title), this.root.figure));
    parent.append(this.root);
    this.resize = new ResizeObserver(() => this.#paint());
    this.resize.observe(this.root);
  }

  update({ data }) {
    Object.assign(this, data);
    const spoken = this.rows.map(([name, value]) => `${name} ${(100 * value).toFixed(1)}%`);
    this.picture.setAttribute("aria-label", `${this.title}: ${spoken.join(", ")}`);
    this.#paint();
    this.root.dataset.ready = "true";
  }

  #paint() {
    if (this.rows && this.root.clientWidth) this.picture.innerHTML = this.#svg("none");
  }

  #colour(name, otherwise) {
    return getComputedStyle(this.root).getPropertyValue(name) || otherwise;
  }

  #svg(background) {
    const width = this.root.clientWidth, font = getComputedStyle(this.root).fontFamily;
    const look = { "font-family": font, "font-size": SIZE, fill: this.#colour("--st-text-color", "#222") };
    const names = Math.max(...this.rows.map(([name]) => widthOf(name)), 12);
    const [start, room] = [names + 8, Math.max(20, width - names - 8 - VALUE)];
    const parts = [svgText(this.title, { ...look, x: 0, y: 14, "font-size": 14, "font-weight": 600 })];
    this.rows.forEach(([name, value, colour], i) => {
      const y = TITLE + i * ROW, box = `x="${start}" y="${y}" height="${ROW - 5}" rx="3"`;
      parts.push(svgText(name, { ...look, x: names, y: y + 12.5, "text-anchor": "end" }));
      parts.push(`<rect ${box} width="${room}" fill="#808080" fill-opacity="0.15"/>`);
      parts.push(`<rect ${box} width="${room * value}" fill="${escaped(colour)}"/>`);
      const percent = `${(100 * value).toFixed(1)}%`;
      parts.push(svgText(percent, { ...look, x: width, y: y + 12.5, "text-anchor": "end" }));
    });
    return svgDocument(width, TITLE + this.rows.length * ROW, background, parts.join(""));
  }

  destroy() {
    this.resize.disconnect();
    this.root.remove();
  }
}

const drawn = new Map();  // mounting point -> Bars

export default function (component) {
  const { parentElement } = component;
  let bars = drawn.get(parentElement);
  if (!bars) drawn.set(parentElement, (bars = new Bars(parentElement)));
  bars.update(component);
  return () => {
    bars.destroy();
    drawn.delete(parentElement);
  };
}
