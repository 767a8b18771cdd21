// A labelled grid of small pictures: labels are HTML in a CSS grid, all pictures share one canvas in its middle.
//
// `unpack`, `element`, `sizeCanvas`, `Tooltip` and what saves a figure come from shared.js, which Python puts in front.

const GAP = 3;              // CSS pixels between cells
const LARGEST_CELL = 72;    // CSS pixels, unless the script asks for a scale
const SMALLEST_CELL = 20;   // below this the grid scrolls sideways instead of shrinking
const PREVIEW = 168;        // CSS pixels of the enlarged cell under the pointer
const FADED = 0.32;         // opacity of rows that do not matter
const MARGIN = 18;          // CSS pixels round a saved picture
const CRISP_FROM = 1.5;     // hard edges from this factor on; below, uneven pixels look worse than soft ones

/** A cheap fingerprint of bytes (FNV-1a over 32-bit words). */
function digest(bytes) {
  let hash = 2166136261;
  const whole = bytes.length & ~3, words = new Uint32Array(bytes.buffer, bytes.byteOffset, whole >> 2);
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i], 16777619);
  for (let i = whole; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 16777619);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

class ImageGrid {
  #labels = "";   // what the HTML around the canvas was made from
  #cursor = [0, 0];

  constructor(parent) {
    this.canvas = element("canvas", { class: "cells" });
    this.source = new OffscreenCanvas(1, 1);  // all cells at their own resolution
    this.root = element("div", { class: "image-grid saveable", "data-ready": "false" });
    this.heading = element("div", { class: "heading" });
    this.frame = element("div", { class: "frame" });
    this.scroller = element("div", { class: "scroller" }, this.frame);
    this.root.figure = () => this.#svg();  // for who saves it from elsewhere on the page
    this.root.append(this.heading, this.scroller, saveMenu(() => fileName(this.title), this.root.figure));
    parent.append(this.root);
    this.preview = element("canvas", { class: "preview" });
    this.caption = element("span", { class: "caption" });
    this.tooltip = new Tooltip(this.root, this.preview, this.caption);
    this.resize = new ResizeObserver(() => this.#paint());
    this.resize.observe(this.root);
    this.#listen();
  }

  /** Take in the arguments of a call: the first one, a rerun, or a change of theme. */
  update({ data, setTriggerValue }) {
    const started = performance.now();
    this.setTriggerValue = setTriggerValue;
    const { header, arrays: [pixels] } = unpack(data);
    Object.assign(this, header);
    [this.R, this.C, this.H, this.W, this.channels] = header.shape;
    this.#cursor = [Math.min(this.#cursor[0], this.R - 1), Math.min(this.#cursor[1], this.C - 1)];
    this.#readPixels(pixels);
    this.#build();
    this.#paint();
    if (this.hovered) this.#showCell(this.hovered);  // the enlarged cell follows the slider too
    this.root.dataset.digest = digest(pixels);
    this.root.dataset.drawMs = (performance.now() - started).toFixed(1);
    this.root.dataset.ready = "true";
  }

  /** Turn grey or colour bytes, one cell after the other, into one bitmap of all cells. */
  #readPixels(pixels) {
    const { R, C, H, W, channels } = this;
    const [rows, columns] = [R * H, C * W];
    const image = new ImageData(columns, rows), words = new Uint32Array(image.data.buffer);
    for (let r = 0, from = 0; r < R; r++) {
      for (let c = 0; c < C; c++) {
        for (let y = 0; y < H; y++) {
          let to = (r * H + y) * columns + c * W;
          for (const end = to + W; to < end; to++, from += channels) {
            const red = pixels[from], last = channels - 1;
            words[to] = (255 << 24) | (pixels[from + last] << 16) | (pixels[from + (last >> 1)] << 8) | red;
          }
        }
      }
    }
    if (this.source.width !== columns || this.source.height !== rows) {
      this.source.width = columns;
      this.source.height = rows;
    }
    this.source.getContext("2d").putImageData(image, 0, 0);
  }

  /** Write labels and headers, unless those that are there will do. */
  #build() {
    const { rows, columns, notes, faded, title, headed, clickable, R, C } = this;
    const labels = JSON.stringify([rows, columns, notes, faded, title, headed, clickable, R, C]);
    if (labels === this.#labels) return;
    this.#labels = labels;
    this.heading.textContent = headed ? title : "";
    this.headers = columns.map((text, c) =>
      element("div", { class: "header", style: `grid-area:1/${c + 2}`, "data-column": c }, text),
    );
    this.labels = rows.map((text, r) =>
      element(
        "div",
        { class: faded.includes(r) ? "label faded" : "label", style: `grid-area:${r + 2}/1`, "data-row": r },
        element("span", { class: "name" }, text),
        ...(notes?.[r] ? [element("span", { class: "note" }, notes[r])] : []),
      ),
    );
    this.canvas.style.gridArea = `2/2/${R + 2}/${C + 2}`;
    const about = `${title}. ${R} rows: ${rows.join(", ")}.${C > 1 ? ` ${C} columns.` : ""}`;
    this.canvas.setAttribute("aria-label", clickable ? `${about} Arrow keys move, Enter chooses a picture.` : about);
    this.canvas.setAttribute("role", "img");
    if (clickable) this.canvas.tabIndex = 0;
    else this.canvas.removeAttribute("tabindex");
    this.canvas.classList.toggle("clickable", clickable);
    this.frame.replaceChildren(...this.headers, ...this.labels, this.canvas);
  }

  /** The size of a cell in CSS pixels: what was asked for or is sensible, or less to fit into the width. */
  #cellSize() {
    const { W, H, C, scale } = this;
    // The label column takes the width of its text, whatever the size of the cells.
    const room = this.root.clientWidth - this.labels[0].offsetWidth - C * GAP;
    const fitting = Math.max(SMALLEST_CELL, Math.floor(room / C));
    const wanted = scale ? Math.round(scale * W) : LARGEST_CELL;
    let width = Math.min(wanted, fitting);
    if (!scale && width > 2 * W) width -= width % W;  // whole pixels look best, where they cost little
    return { width, height: Math.max(1, Math.round((width * H) / W)) };
  }

  #paint() {
    if (!this.labels || !this.root.clientWidth) return;
    const { R, C, H, W, frame } = this, style = getComputedStyle(this.root);
    const { width, height } = (this.cell = this.#cellSize());
    frame.style.gridTemplateColumns = `max-content repeat(${C}, ${width + GAP}px)`;
    frame.style.gridTemplateRows = `${this.headers.length ? "auto" : "0"} repeat(${R}, ${height + GAP}px)`;
    const ratio = window.devicePixelRatio || 1;
    const [fullWidth, fullHeight] = [C * (width + GAP), R * (height + GAP)];
    this.canvas.style.width = `${fullWidth}px`;
    this.canvas.style.height = `${fullHeight}px`;
    const context = this.canvas.getContext("2d");
    sizeCanvas(this.canvas, fullWidth, fullHeight, ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, fullWidth, fullHeight);
    context.imageSmoothingEnabled = (width * ratio) / W < CRISP_FROM;
    for (let r = 0; r < R; r++) {
      context.globalAlpha = this.faded.includes(r) ? FADED : 1;
      for (let c = 0; c < C; c++) {
        context.drawImage(this.source, c * W, r * H, W, H, ...this.#corner(r, c), width, height);
      }
    }
    context.globalAlpha = 1;
    context.strokeStyle = style.getPropertyValue("--st-primary-color") || "#ff4b4b";
    context.lineWidth = GAP;
    for (const [r, c] of this.marks) this.#outline(context, r, c);
    if (this.clickable && this.canvas.matches(":focus-visible")) {
      context.strokeStyle = style.getPropertyValue("--st-text-color") || "#222222";
      context.setLineDash([4, 3]);
      this.#outline(context, ...this.#cursor);
      context.setLineDash([]);
    }
  }

  #corner(r, c) {
    return [c * (this.cell.width + GAP) + GAP / 2, r * (this.cell.height + GAP) + GAP / 2];
  }

  /** Outline a cell in the gap around it, so that nothing of the picture is covered. */
  #outline(context, r, c) {
    const [x, y] = this.#corner(r, c);
    context.strokeRect(x, y, this.cell.width, this.cell.height);
  }

  // ---- saving

  /** The grid as an SVG file: labels as text, every cell a picture of its own in the model's resolution. */
  #svg() {
    const style = getComputedStyle(this.root), { R, C, title, frame } = this;
    this.scroller.scrollLeft = 0;  // or the labels, which stay in sight, would lie on the pictures
    const corner = frame.getBoundingClientRect(), cells = this.canvas.getBoundingClientRect();
    const top = MARGIN + 26, font = style.fontFamily, ink = style.getPropertyValue("--st-text-color") || "#222";
    const [left, up] = [MARGIN - corner.left, top - corner.top];
    const written = (node, anchor) => {
      const box = node.getBoundingClientRect(), { fontSize } = getComputedStyle(node), size = parseFloat(fontSize);
      const x = { end: box.right, middle: (box.left + box.right) / 2 }[anchor];
      const muted = node.matches(".header, .note, .faded *") ? { "fill-opacity": 0.65 } : {};
      const at = { x: x + left, y: (box.top + box.bottom) / 2 + up + 0.35 * size };
      const look = { "font-family": font, "font-size": size, "text-anchor": anchor, fill: ink };
      return svgText(node.textContent, { ...at, ...look, ...muted });
    };
    const parts = [svgText(title, { x: MARGIN, y: MARGIN + 12, "font-family": font, "font-size": 14, "font-weight": 600, fill: ink })];
    parts.push(...this.headers.map((node) => written(node, "middle")));
    for (const label of this.labels) parts.push(...[...label.children].map((node) => written(node, "end")));
    const place = (r, c) => {
      const [x, y] = this.#corner(r, c), { width, height } = this.cell;
      return `x="${x + cells.left + left}" y="${y + cells.top + up}" width="${width}" height="${height}"`;
    };
    for (let r = 0; r < R; r++) {
      const fade = this.faded.includes(r) ? ` opacity="${FADED}"` : "";
      for (let c = 0; c < C; c++) {
        const look = `preserveAspectRatio="none" style="image-rendering:pixelated"${fade}`;
        parts.push(`<image ${place(r, c)} href="${this.#cellPicture(r, c).toDataURL()}" ${look}/>`);
      }
    }
    const outline = `fill="none" stroke="${escaped(style.getPropertyValue("--st-primary-color") || "#ff4b4b")}"`;
    for (const [r, c] of this.marks) parts.push(`<rect ${place(r, c)} ${outline} stroke-width="${GAP}"/>`);
    const background = style.getPropertyValue("--st-background-color") || "#fff";
    const [width, height] = [corner.width + 2 * MARGIN, corner.height + top + MARGIN].map(Math.ceil);
    return svgDocument(width, height, background, parts.join(""));
  }

  #cellPicture(r, c, canvas = element("canvas")) {
    const { W, H } = this;
    Object.assign(canvas, { width: W, height: H });
    canvas.getContext("2d").drawImage(this.source, c * W, r * H, W, H, 0, 0, W, H);
    return canvas;
  }

  // ---- pointer and keyboard

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointermove", (event) => {
      const cell = this.#cellAt(event);
      if (!cell) return this.#leave();
      this.#showCell(cell);
      this.tooltip.show(event.clientX, event.clientY);
    });
    canvas.addEventListener("pointerleave", () => this.#leave());
    canvas.addEventListener("click", (event) => {
      const cell = this.#cellAt(event);
      if (this.clickable && cell) this.#choose(cell);
    });
    canvas.addEventListener("focus", () => this.#paint());
    canvas.addEventListener("blur", () => this.#paint());
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  #cellAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left) / (this.cell.width + GAP));
    const row = Math.floor((event.clientY - box.top) / (this.cell.height + GAP));
    return row >= 0 && row < this.R && column >= 0 && column < this.C ? [row, column] : null;
  }

  #showCell([r, c]) {
    this.hovered = [r, c];
    if (r >= this.R || c >= this.C) return this.#leave();
    const { W, H, columns, rows, notes, preview } = this;
    const factor = PREVIEW / Math.max(W, H);
    preview.style.width = `${W * factor}px`;
    preview.style.height = `${H * factor}px`;
    this.#cellPicture(r, c, preview);
    this.caption.textContent = [rows[r], columns[c] ?? `column ${c + 1}`].join(" · ");
    if (notes?.[r]) this.caption.append(element("span", { class: "note" }, notes[r]));
    this.root.dataset.hover = `${r},${c}`;
  }

  #leave() {
    this.hovered = null;
    this.tooltip.hide();
    this.root.dataset.hover = "";
  }

  #choose([r, c]) {
    this.#cursor = [r, c];
    this.#paint();
    this.setTriggerValue("cell", [r, c]);
  }

  #key(event) {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const [r, c] = this.#cursor;
    if (event.key in steps) {
      const [dr, dc] = steps[event.key];
      this.#cursor = [Math.max(0, Math.min(this.R - 1, r + dr)), Math.max(0, Math.min(this.C - 1, c + dc))];
      this.#paint();
    } else if (event.key === "Enter" || event.key === " ") this.#choose([r, c]);
    else return;
    event.preventDefault();
    event.stopPropagation();  // Streamlit has shortcuts of its own
  }

  destroy() {
    this.resize.disconnect();
    this.tooltip.hide();
    this.root.remove();
  }
}

const grids = new Map();  // mounting point -> ImageGrid

/** Called by Streamlit at the first mount and again whenever data or theme change. */
export default function (component) {
  const { parentElement } = component;
  let grid = grids.get(parentElement);
  if (!grid) grids.set(parentElement, (grid = new ImageGrid(parentElement)));
  grid.update(component);
  return () => {
    grid.destroy();
    grids.delete(parentElement);
  };
}
