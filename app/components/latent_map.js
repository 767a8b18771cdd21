// Linked scatter maps on 2-D canvases.
//
// Points are written straight into pixel memory, which stays smooth at 70,000 points without WebGL. What changes
// with the pointer (rings, lasso, prior outlines) is drawn on a second canvas above, so hovering never repaints points.
//
// `unpack`, `element`, `oncePerFrame`, `sizeCanvas` and `Tooltip` come from shared.js, which Python puts in front.

const MAX_VERTICES = 40;       // the same bound as in selection.py
const CLICK_SLOP = 4;          // CSS pixels a press may wander and still be a click
const REACH = { mouse: 8, pen: 10, touch: 18 };  // how near a point the pointer must be to mean it
const DOUBLE_CLICK_MS = 250;
const BUCKET_SHIFT = 9;        // 65,536 levels >> 9 = 128 buckets per axis for finding the nearest point
const BUCKETS = 65536 >> BUCKET_SHIFT;
const FADE = 0.84;             // how far points outside the selection move towards the background
const THUMBNAIL_CACHE = 400;
const THUMBNAIL_TIMEOUT_MS = 5000;
const TRAVEL_MS = 350;         // how long items take to their new places

// ---------------------------------------------------------------------------------------------- geometry

/** Whether (x, y) is inside the polygon by the even-odd rule; the arithmetic of `inside` in selection.py. */
function isInside(polygon, x, y) {
  let result = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [x1, y1] = polygon[i], [x0, y0] = polygon[j];
    if (y1 > y !== y0 > y && x < ((x0 - x1) * (y - y1)) / (y0 - y1) + x1) result = !result;
  }
  return result;
}

/** Douglas-Peucker: drop the vertices of a path that are within `tolerance` of the path through the others. */
function thin(path, tolerance) {
  const keep = new Uint8Array(path.length);
  keep[0] = keep[path.length - 1] = 1;
  const spans = [[0, path.length - 1]];
  while (spans.length) {
    const [first, last] = spans.pop();
    const [ax, ay] = path[first], [bx, by] = path[last];
    const length = Math.hypot(bx - ax, by - ay);
    let farthest = -1, distance = tolerance;
    for (let i = first + 1; i < last; i++) {
      const [x, y] = path[i];
      const d = length ? Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length : Math.hypot(x - ax, y - ay);
      if (d > distance) [farthest, distance] = [i, d];
    }
    if (farthest < 0) continue;
    keep[farthest] = 1;
    spans.push([first, farthest], [farthest, last]);
  }
  return path.filter((_, i) => keep[i]);
}

/** Simplify a hand-drawn outline until it has few enough vertices for a link. */
function simplify(path, most = MAX_VERTICES) {
  let result = path;
  for (let tolerance = 0.7; result.length > most || tolerance === 0.7; tolerance *= 1.4) result = thin(path, tolerance);
  return result;
}

// ---------------------------------------------------------------------------------------------- points

/** The coordinates of all items in one panel, with an index for finding the one under the pointer. */
class Points {
  constructor([x0, y0, stepX, stepY], cellsX, cellsY) {
    Object.assign(this, { x0, y0, stepX, stepY, cellsX, cellsY, count: cellsX.length });
    // Double precision, because Python decides with the same doubles which points are inside a lasso.
    this.x = Float64Array.from(cellsX, (cell) => x0 + cell * stepX);
    this.y = Float64Array.from(cellsY, (cell) => y0 + cell * stepY);
    this.#index();
  }

  /** Whether both are places of the same items in the same frame, so that one can turn into the other. */
  sharesFrame(other) {
    return ["count", "x0", "y0", "stepX", "stepY"].every((key) => this[key] === other?.[key]);
  }

  get bounds() {
    return { left: this.x0, right: this.x0 + 65535 * this.stepX, bottom: this.y0, top: this.y0 + 65535 * this.stepY };
  }

  /** Sort the items by bucket (a counting sort): `order` from `start[b]` to `start[b + 1]` holds bucket b. */
  #index() {
    const bucket = (i) => (this.cellsY[i] >> BUCKET_SHIFT) * BUCKETS + (this.cellsX[i] >> BUCKET_SHIFT);
    this.start = new Uint32Array(BUCKETS * BUCKETS + 1);
    for (let i = 0; i < this.count; i++) this.start[bucket(i) + 1]++;
    for (let b = 0; b < BUCKETS * BUCKETS; b++) this.start[b + 1] += this.start[b];
    const next = this.start.slice();
    this.order = new Uint32Array(this.count);
    for (let i = 0; i < this.count; i++) this.order[next[bucket(i)]++] = i;
  }

  /** The item nearest to (x, y) within `radius` that is not of a hidden class, or -1. */
  nearest(x, y, radius, isShown) {
    const range = (at, origin, step) => {
      const clamp = (level) => Math.max(0, Math.min(BUCKETS - 1, Math.floor(level / (1 << BUCKET_SHIFT))));
      return [clamp((at - radius - origin) / step), clamp((at + radius - origin) / step)];
    };
    const [left, right] = range(x, this.x0, this.stepX);
    const [bottom, top] = range(y, this.y0, this.stepY);
    let best = -1, least = radius * radius;
    for (let row = bottom; row <= top; row++) {
      const end = this.start[row * BUCKETS + right + 1];
      for (let k = this.start[row * BUCKETS + left]; k < end; k++) {
        const i = this.order[k];
        const d = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
        if (d <= least && isShown(i)) [best, least] = [i, d];
      }
    }
    return best;
  }
}

/** What the points message holds: the class of every item, and its place in every panel. */
class Dataset {
  constructor({ header, arrays: [classes, ...columns] }) {
    this.digest = header.digest;
    this.classes = classes;
    this.panels = header.grids.map((grid, p) => new Points(grid, columns[2 * p], columns[2 * p + 1]));
  }
}

// ---------------------------------------------------------------------------------------------- colours

/** Read any CSS colour as [red, green, blue]. */
const rgb = (() => {
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  return (colour) => {
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.subarray(0, 3)];
  };
})();

const mix = (from, to, share) => from.map((value, i) => Math.round(value + (to[i] - value) * share));

/** A pixel as the 32-bit number that image memory holds on little-endian machines, i.e. everywhere. */
const pixel = ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

/** The pixels of a dot of the given radius: how much of each one the disc covers, from 1 to 255. */
function dot(radius) {
  const reach = Math.ceil(radius), pixels = [];
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const cover = Math.round(255 * Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(dx, dy))));
      if (cover) pixels.push([dx, dy, cover]);
    }
  }
  return { reach, pixels };
}

// ---------------------------------------------------------------------------------------------- thumbnails

/**
 * Pictures of items, fetched one at a time: a fast pointer passes hundreds of points, and only the last one matters
 * by the time an answer is there.
 */
class Thumbnails {
  #cache = new Map();
  #wanted = -1;
  #busy = false;

  constructor(onReady) {
    this.onReady = onReady;
  }

  set template(template) {
    if (template === this.#template) return;
    this.clear();
    this.#template = template;
  }
  #template = null;

  /** The object URL of an item's picture if it is here, else undefined; `onReady(item, url)` follows if it comes. */
  request(item) {
    this.#wanted = item;
    const url = this.#cache.get(item);
    if (!url && item >= 0 && this.#template) this.#fetch();
    return url;
  }

  async #fetch() {
    if (this.#busy) return;
    this.#busy = true;
    const item = this.#wanted, template = this.#template;
    try {
      const address = template.replace("{item}", item);
      const response = await fetch(address, { signal: AbortSignal.timeout(THUMBNAIL_TIMEOUT_MS) });
      if (response.ok && template === this.#template) {
        const url = URL.createObjectURL(await response.blob());
        this.#remember(item, url);
        if (item === this.#wanted) this.onReady(item, url);
      }
    } catch {
      // The tooltip keeps its text; the next hover tries again.
    }
    this.#busy = false;
    if (this.#wanted !== item) this.request(this.#wanted);
  }

  #remember(item, url) {
    this.#cache.set(item, url);
    if (this.#cache.size <= THUMBNAIL_CACHE) return;
    const [oldest, stale] = this.#cache.entries().next().value;
    URL.revokeObjectURL(stale);
    this.#cache.delete(oldest);
  }

  clear() {
    this.#cache.forEach((url) => URL.revokeObjectURL(url));
    this.#cache.clear();
    this.#wanted = -1;
  }
}

// ---------------------------------------------------------------------------------------------- one panel

/** One map: its view, its two canvases and the gestures on them. What the panels share lives in `LatentMap`. */
class Panel {
  #pointers = new Map();   // pressed pointers, for telling a pinch from a drag
  #gesture = null;
  #clearing = 0;           // timer of a click on empty space, which a second click turns into "fit"

  constructor(map, spec, height) {
    this.map = map;
    this.name = spec.name;
    this.heading = element("figcaption", { class: "title" });
    this.view = null;
    this.pointCanvas = element("canvas", { class: "points" });
    this.overCanvas = element("canvas", { class: "over" });
    this.plot = element(
      "div",
      { class: "plot", tabindex: 0, role: "application", style: `height:${height}px` },
      this.pointCanvas,
      this.overCanvas,
    );
    this.root = element(
      "figure",
      { class: "panel", "data-panel": spec.name },
      this.heading,
      element("span", { class: "axis vertical" }, spec.axes[1]),
      this.plot,
      element("span", { class: "axis horizontal" }, spec.axes[0]),
    );
    this.drawPoints = oncePerFrame(() => this.#paintPoints());
    this.drawOver = oncePerFrame(() => this.#paintOver());
    this.resize = new ResizeObserver(() => this.#fitCanvas());
    this.resize.observe(this.plot);
    this.#listen();
  }

  remove() {
    this.resize.disconnect();
    this.drawPoints.cancel();
    this.drawOver.cancel();
    this.travel?.cancel();
    clearTimeout(this.#clearing);
    this.root.remove();
  }

  setData(points, { title, ellipses, guest }, view) {
    const before = this.points;
    this.points = points;
    this.ellipses = ellipses;
    this.guest = guest;
    if (points !== before) {
      if (points.sharesFrame(before)) this.#travel();
      else {
        this.view = view ?? null;
        this.shown = { x: points.x, y: points.y };
      }
    }
    this.heading.textContent = this.title = title;
    const total = points.count.toLocaleString("en");
    this.plot.setAttribute(
      "aria-label",
      `${this.title}: map of ${total} items. ` +
        "Arrow keys move, plus and minus zoom, 0 fits, Escape clears the selection.",
    );
    this.draw();
  }

  draw() {
    this.drawPoints();
    this.drawOver();
  }

  /** Move every item from where it is shown to its new place. */
  #travel() {
    const { points } = this, from = this.shown, start = performance.now();
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.root.dataset.travelling = "true";
    const step = oncePerFrame(() => {
      const time = still ? 1 : Math.min(1, (performance.now() - start) / TRAVEL_MS);
      const share = time * time * (3 - 2 * time);
      const between = (a, b) => b.map((value, i) => a[i] + (value - a[i]) * share);
      this.shown = time < 1
        ? { x: between(from.x, points.x), y: between(from.y, points.y) } : { x: points.x, y: points.y };
      this.#paintPoints();
      this.#paintOver();
      if (time < 1) step();
      else delete this.root.dataset.travelling;
    });
    this.travel?.cancel();
    this.travel = step;
    step();
  }

  // ---- view: which part of the plane is shown. One scale for both axes, so that circles stay circles.

  toScreen(x, y) {
    const { cx, cy, scale } = this.view;
    return [this.width / 2 + (x - cx) * scale, this.height / 2 - (y - cy) * scale];
  }

  toData(px, py) {
    const { cx, cy, scale } = this.view;
    return [cx + (px - this.width / 2) / scale, cy - (py - this.height / 2) / scale];
  }

  fit() {
    this.view = null;
    this.draw();
  }

  /** The view that shows every point and prior. */
  #wholeView() {
    let { left, right, bottom, top } = this.points.bounds;
    for (const { centre: [x, y], radii: [a, b], tilt } of this.ellipses) {
      const dx = Math.hypot(a * Math.cos(tilt), b * Math.sin(tilt));
      const dy = Math.hypot(a * Math.sin(tilt), b * Math.cos(tilt));
      [left, right] = [Math.min(left, x - dx), Math.max(right, x + dx)];
      [bottom, top] = [Math.min(bottom, y - dy), Math.max(top, y + dy)];
    }
    const margin = 14;
    const scale = Math.min((this.width - 2 * margin) / (right - left), (this.height - 2 * margin) / (top - bottom));
    return { cx: (left + right) / 2, cy: (bottom + top) / 2, scale, whole: true };
  }

  pan(dx, dy) {
    const { cx, cy, scale } = this.view;
    this.#setView({ cx: cx - dx / scale, cy: cy + dy / scale, scale });
  }

  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const whole = this.#wholeView().scale;
    const scale = Math.max(whole / 4, Math.min(whole * 400, this.view.scale * factor));
    const [x, y] = this.toData(px, py);  // stays under the pointer
    this.#setView({ cx: x - (px - this.width / 2) / scale, cy: y + (py - this.height / 2) / scale, scale });
  }

  #setView(view) {
    this.view = view;
    this.draw();
    this.map.rememberView(this);
  }

  #fitCanvas() {
    this.width = this.plot.clientWidth;
    this.height = this.plot.clientHeight;
    if (this.view?.whole) this.view = null;
    // Resizing a canvas empties it; painting right away instead of in the next frame avoids a flash.
    this.#paintPoints();
    this.#paintOver();
  }

  /** Prepare for painting; false while there is nothing to paint on or with. */
  #ready(canvas) {
    if (!this.points || !this.width || !this.height) return false;
    this.ratio = window.devicePixelRatio || 1;
    sizeCanvas(canvas, this.width, this.height, this.ratio);
    if (!this.view) {
      this.view = this.#wholeView();
      this.map.rememberView(this);
    }
    const { cx, cy, scale } = this.view;
    if (!this.guest) delete this.root.dataset.guest;
    this.root.dataset.view = [cx, cy, scale].map((value) => value.toPrecision(9)).join(" ");
    return true;
  }

  // ---- painting

  #paintPoints() {
    if (!this.#ready(this.pointCanvas)) return;
    const started = performance.now();
    const { map, points, ratio, shown: places, view } = this;
    const { width, height } = this.pointCanvas;
    const context = this.pointCanvas.getContext("2d");
    if (this.image?.width !== width || this.image?.height !== height) this.image = new ImageData(width, height);
    const bytes = this.image.data, pixels = new Uint32Array(bytes.buffer);
    pixels.fill(pixel(map.theme.background));

    const closer = (view.scale / this.#wholeView().scale) ** 0.2;  // dots grow a little on the way in
    const radius = Math.max(1.2, Math.min(3.5, 26 * points.count ** -0.27)) * Math.max(1, Math.min(2, closer)) * ratio;
    const { reach, pixels: disc } = dot(radius - 0.5);
    const offsets = Int32Array.from(disc, ([dx, dy]) => dy * width + dx);
    const covers = Uint8Array.from(disc, ([, , cover]) => cover);
    const { classes } = map.dataset, { selected, shown } = map;
    const scale = view.scale * ratio;
    const left = width / 2 - view.cx * scale, top = height / 2 + view.cy * scale;

    const stamp = (wanted, colours) => {
      const solid = colours.map(pixel);
      for (let i = 0; i < points.count; i++) {
        const c = classes[i];
        if (!shown[c] || (selected && selected[i] !== wanted)) continue;
        const px = Math.round(left + places.x[i] * scale), py = Math.round(top - places.y[i] * scale);
        if (px < reach || py < reach || px >= width - reach || py >= height - reach) continue;
        const at = py * width + px, full = solid[c], [r, g, b] = colours[c];
        for (let k = 0; k < offsets.length; k++) {
          const p = at + offsets[k], cover = covers[k];
          if (cover === 255) {
            pixels[p] = full;
          } else {  // the rim blends with what is there
            const q = p << 2;
            bytes[q] += ((r - bytes[q]) * cover) >> 8;
            bytes[q + 1] += ((g - bytes[q + 1]) * cover) >> 8;
            bytes[q + 2] += ((b - bytes[q + 2]) * cover) >> 8;
          }
        }
      }
    };
    if (selected) stamp(0, map.theme.faded);
    stamp(1, map.theme.classes);
    context.putImageData(this.image, 0, 0);
    this.root.dataset.drawMs = (performance.now() - started).toFixed(1);
  }

  #paintOver() {
    if (!this.#ready(this.overCanvas)) return;
    const { map } = this, context = this.overCanvas.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.lineJoin = context.lineCap = "round";
    const priors = map.showPriors ? this.ellipses.filter((e) => e.class === null || map.shown[e.class]) : [];
    this.#paintPriors(context, priors);
    if (this.#gesture?.path) this.#paintOutline(context, this.#gesture.path, false);
    else if (map.selection?.panel === this.name) {
      this.#paintOutline(context, map.selection.polygon.map(([x, y]) => this.toScreen(x, y)), true);
    }
    this.#paintPriorLabels(context, priors);
    if (map.item >= 0) this.#paintItem(context, map.item);
    if (this.guest) this.#paintGuest(context, this.guest);
    if (map.hover >= 0) this.#paintRing(context, map.hover, 6, 2);
  }

  /** The visitor's own image: a star with a name, which no item looks like. */
  #paintGuest(context, place) {
    const { theme } = this.map, [x, y] = this.toScreen(...place);
    context.beginPath();
    for (let corner = 0; corner < 10; corner++) {
      const radius = corner % 2 ? 4.5 : 11, angle = (Math.PI * corner) / 5 - Math.PI / 2;
      context.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
    }
    context.closePath();
    context.lineWidth = 4;
    context.lineJoin = "round";
    context.strokeStyle = theme.paper;
    context.stroke();
    context.fillStyle = theme.primary;
    context.fill();
    context.lineWidth = 1.2;
    context.strokeStyle = theme.text;
    context.stroke();
    this.root.dataset.guest = place.map((value) => value.toFixed(3)).join(" ");
  }

  #paintPriors(context, priors) {
    const { theme } = this.map;
    for (const { centre, radii, tilt, class: c } of priors) {
      const [x, y] = this.toScreen(...centre), [a, b] = radii.map((radius) => radius * this.view.scale);
      context.beginPath();
      context.ellipse(x, y, a, b, -tilt, 0, 2 * Math.PI);
      this.#strokeOnHalo(context, c === null ? theme.text : theme.css[c], 2);
    }
  }

  /** Names above all outlines, moved down rather than printed over each other. */
  #paintPriorLabels(context, priors) {
    const { theme } = this.map, taken = [], line = 18;
    context.font = `600 13px ${theme.font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (const { centre, label } of priors) {
      if (!label) continue;
      let [x, y] = this.toScreen(...centre);
      const half = context.measureText(label).width / 2 + 3;
      const clash = () => taken.find((box) => Math.abs(box.x - x) < box.half + half && Math.abs(box.y - y) < line);
      for (let box = clash(); box; box = clash()) y = box.y + line + 1;  // the 1 outweighs rounding, so this ends
      taken.push({ x, y, half });
      context.lineWidth = 5;
      context.strokeStyle = theme.paper;
      context.strokeText(label, x, y);
      context.fillStyle = theme.text;
      context.fillText(label, x, y);
    }
  }

  /** The lasso, dashed to tell it from the priors; its last edge is thinner while it is being drawn. */
  #paintOutline(context, path, closed) {
    if (!closed) {
      context.beginPath();
      context.moveTo(...path.at(-1));
      context.lineTo(...path[0]);
      context.lineWidth = 1;
      context.strokeStyle = this.map.theme.primary;
      context.stroke();
    }
    context.beginPath();
    path.forEach(([x, y]) => context.lineTo(x, y));
    if (closed) context.closePath();
    this.#strokeOnHalo(context, this.map.theme.primary, 2, [7, 5]);
  }

  /** The opened item: a ring with four ticks, which no dot and no hover ring looks like. */
  #paintItem(context, item) {
    const [x, y] = this.toScreen(this.shown.x[item], this.shown.y[item]);
    context.beginPath();
    context.arc(x, y, 9, 0, 2 * Math.PI);
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      context.moveTo(x + 9 * dx, y + 9 * dy);
      context.lineTo(x + 15 * dx, y + 15 * dy);
    }
    this.#strokeOnHalo(context, this.map.theme.text, 2.5);
    this.#paintRing(context, item, 4, 1.5);
  }

  /** A dot in the item's colour inside a ring. */
  #paintRing(context, item, radius, line) {
    const { theme, dataset } = this.map;
    context.beginPath();
    context.arc(...this.toScreen(this.shown.x[item], this.shown.y[item]), radius, 0, 2 * Math.PI);
    context.fillStyle = theme.css[dataset.classes[item]];
    context.fill();
    this.#strokeOnHalo(context, theme.text, line);
  }

  #strokeOnHalo(context, colour, width, dashes = []) {
    context.lineWidth = width + 2.5;
    context.strokeStyle = this.map.theme.paper;
    context.stroke();
    context.setLineDash(dashes);
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
    context.setLineDash([]);
  }

  // ---- gestures

  #listen() {
    const { plot } = this;
    const listen = (type, handle, options) => {
      plot.addEventListener(type, (event) => this.view && handle(event), options);
    };
    listen("pointerdown", (event) => this.#press(event));
    listen("pointermove", (event) => this.#move(event));
    listen("pointerup", (event) => this.#release(event));
    listen("pointercancel", (event) => {
      this.#pointers.delete(event.pointerId);
      this.cancelGesture();
    });
    listen("pointerleave", () => this.#gesture || this.map.setHover(-1));
    listen("mousedown", (event) => event.button === 1 && event.preventDefault());  // no autoscroll
    listen("dblclick", () => {
      clearTimeout(this.#clearing);
      this.fit();
    });
    listen("keydown", (event) => this.#key(event));
    listen(
      "wheel",
      (event) => {
        event.preventDefault();
        const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
        this.zoom(Math.exp((-event.deltaY * lines) / 500), ...this.#position(event));
        this.#hoverAt(event);
      },
      { passive: false },
    );
  }

  #position(event) {
    const box = this.plot.getBoundingClientRect();
    return [event.clientX - box.left - this.plot.clientLeft, event.clientY - box.top - this.plot.clientTop];
  }

  #press(event) {
    if (event.button > 1) return;
    clearTimeout(this.#clearing);
    this.plot.setPointerCapture(event.pointerId);
    const at = this.#position(event);
    this.#pointers.set(event.pointerId, at);
    this.map.setHover(-1);
    if (this.#pointers.size === 2) {
      this.cancelGesture();
      this.#gesture = { kind: "pinch" };
    } else if (this.#pointers.size === 1) {
      const pans = event.button === 1 || event.shiftKey || this.map.tool === "pan";
      this.#gesture = pans ? { kind: "pan", start: at } : { kind: "lasso", start: at, path: [at] };
      this.plot.classList.toggle("grabbing", pans);
    }
  }

  #move(event) {
    const gesture = this.#gesture;
    if (!gesture) return this.#hoverAt(event);
    if (!this.#pointers.has(event.pointerId)) return;
    const at = this.#position(event), last = this.#pointers.get(event.pointerId);
    if (gesture.kind === "pinch") {
      const [other] = [...this.#pointers].filter(([id]) => id !== event.pointerId).map(([, position]) => position);
      if (other) {
        const spread = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
        this.pan((at[0] - last[0]) / 2, (at[1] - last[1]) / 2);
        this.zoom(spread(at) / Math.max(1, spread(last)), (at[0] + other[0]) / 2, (at[1] + other[1]) / 2);
      }
    } else {
      gesture.moved ||= Math.hypot(at[0] - gesture.start[0], at[1] - gesture.start[1]) > CLICK_SLOP;
      if (gesture.kind === "pan") {
        if (gesture.moved) this.pan(at[0] - last[0], at[1] - last[1]);
        else return;  // keep `last`, so that the first few pixels are not lost
      } else {
        const [x, y] = gesture.path.at(-1);
        if (Math.hypot(at[0] - x, at[1] - y) >= 2) gesture.path.push(at);
        if (gesture.moved) this.map.previewLasso(this);
        this.drawOver();
      }
    }
    this.#pointers.set(event.pointerId, at);
  }

  #release(event) {
    const gesture = this.#gesture;
    this.#pointers.delete(event.pointerId);
    if (!gesture || (gesture.kind === "pinch" && this.#pointers.size)) return;
    const polygon = this.lasso;
    this.#endGesture();
    if (gesture.kind === "pinch") return;
    if (!gesture.moved) this.#click(event, gesture.start);
    else if (gesture.kind === "lasso") this.map.finishLasso(this, polygon);
  }

  #endGesture() {
    this.#gesture = null;
    this.plot.classList.remove("grabbing");
    this.drawOver();
  }

  /** Forget a gesture in progress, and return whether there was one. */
  cancelGesture() {
    const gesture = this.#gesture;
    if (!gesture) return false;
    this.#endGesture();
    if (gesture.path) this.map.endPreview();
    return true;
  }

  #click(event, at) {
    const item = this.#nearest(at, REACH[event.pointerType]);
    if (item >= 0) this.map.openItem(item);
    else this.#clearing = setTimeout(() => this.map.clearSelection(), DOUBLE_CLICK_MS);
  }

  #hoverAt(event) {
    if (event.pointerType === "touch") return;
    this.map.setHover(this.#nearest(this.#position(event), REACH.mouse), event.clientX, event.clientY);
  }

  #nearest([px, py], reach = REACH.mouse) {
    const { classes } = this.map.dataset, { shown } = this.map;
    return this.points.nearest(...this.toData(px, py), reach / this.view.scale, (i) => shown[classes[i]]);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = 40;
    const actions = {
      ArrowLeft: () => this.pan(step, 0),
      ArrowRight: () => this.pan(-step, 0),
      ArrowUp: () => this.pan(0, step),
      ArrowDown: () => this.pan(0, -step),
      "+": () => this.zoom(1.25),
      "=": () => this.zoom(1.25),
      "-": () => this.zoom(0.8),
      0: () => this.fit(),
      Escape: () => this.cancelGesture() || this.map.clearSelection(),
    };
    if (!(event.key in actions)) return;
    actions[event.key]();
    event.preventDefault();
    event.stopPropagation();  // Streamlit has shortcuts of its own
  }

  /** The lasso being drawn as a polygon in data coordinates, or null while it is but a line. */
  get lasso() {
    const path = this.#gesture?.path;
    if (!path || path.length < 3) return null;
    const outline = simplify(path);
    if (outline.length < 3) return null;
    // As many decimals as the screen can show, so that the link stays short. Rounding comes before highlighting.
    const decimals = Math.max(0, Math.min(12, Math.ceil(Math.log10(2 * this.view.scale))));
    return outline.map(([px, py]) => this.toData(px, py).map((value) => Number(value.toFixed(decimals))));
  }
}

// ---------------------------------------------------------------------------------------------- the whole map

/**
 * A value that both the user and the script may set.
 *
 * Every rerun brings the script's idea of the value, often older than what the user just did. It is an order only if
 * it has changed and is not the echo of a report.
 */
class Shared {
  #last = undefined;
  #pending = [];

  /** Whether the script wants `value` to be shown now. */
  accepts(value) {
    const text = JSON.stringify(value);
    const changed = text !== this.#last;
    this.#last = text;
    const echo = this.#pending.lastIndexOf(text);
    if (echo >= 0) {
      this.#pending.splice(0, echo + 1);
      return false;
    }
    if (changed) this.#pending = [];
    return changed;
  }

  reports(value) {
    this.#pending.push(JSON.stringify(value));
  }
}

class LatentMap {
  panels = [];
  tool = "lasso";
  showPriors = true;
  selection = null;   // {panel, polygon}
  selected = null;    // per item 1 or 0, null when there is no selection
  count = 0;
  item = -1;
  hover = -1;
  shown = [];         // per class

  #shared = { selection: new Shared(), item: new Shared(), hidden: new Shared() };
  #structure = "";

  constructor(parent) {
    this.root = element("div", { class: "latent-map", "data-ready": "false" });
    parent.append(this.root);
    const tool = (name, label, hint) => {
      const button = element("button", { type: "button", class: "tool", "data-tool": name, title: hint }, label);
      return (this.tools[name] = button);
    };
    this.tools = {};
    this.status = element("output", { class: "status", "aria-live": "polite" });
    this.toolbar = element(
      "div",
      { class: "toolbar", role: "toolbar", "aria-label": "Map tools" },
      element(
        "div",
        { class: "group", role: "group", "aria-label": "What dragging does" },
        tool("lasso", "Lasso", "Drag round items to select them (Shift-drag moves the map)"),
        tool("pan", "Pan", "Drag to move the map"),
      ),
      tool("priors", "Priors", "Show or hide the priors"),
      tool("fit", "Fit", "Show all items (double click in one map, key 0)"),
      tool("clear", "Clear", "Drop the selection and close the item (Escape drops the selection)"),
      this.status,
    );
    this.row = element("div", { class: "panels" });
    this.legend = element("div", { class: "legend", role: "group", "aria-label": "Classes, click to show or hide" });
    this.picture = element("img", { class: "thumbnail", alt: "", width: 84, height: 84 });
    this.caption = element("span", { class: "caption" });
    this.root.append(this.toolbar, this.row, this.legend);
    this.tooltip = new Tooltip(this.root, this.picture, this.caption);
    this.thumbnails = new Thumbnails((item, url) => this.#showThumbnail(item, url));
    this.picture.addEventListener("load", () => this.tooltip.place());

    this.tools.lasso.onclick = () => this.#setTool("lasso");
    this.tools.pan.onclick = () => this.#setTool("pan");
    this.tools.priors.onclick = () => {
      this.showPriors = !this.showPriors;
      this.#refreshControls();
      this.panels.forEach((panel) => panel.drawOver());
    };
    this.tools.fit.onclick = () => this.panels.forEach((panel) => panel.fit());
    this.tools.clear.onclick = () => {
      this.clearSelection();
      this.openItem(-1);
    };
  }

  // ---- data from the script

  /** Take in the arguments of a call: the first one, a rerun, or a change of theme. */
  update({ data, setStateValue }) {
    this.data = data;
    this.setStateValue = setStateValue;
    this.refresh();
  }

  refresh() {
    const { data } = this, dataset = datasets.get(data.map);
    if (dataset?.digest !== data.digest) {  // the points are still on their way
      this.root.dataset.ready = "false";
      return;
    }
    const isNew = dataset !== this.dataset;
    this.dataset = dataset;
    this.thumbnails.template = data.thumbnails;
    this.#readTheme();
    this.#build();

    const { selection, item, hidden } = this.#shared;
    if (hidden.accepts(data.hidden)) this.#hide(data.hidden);
    if (selection.accepts(data.selection)) this.selection = data.selection;
    if (item.accepts(data.item)) this.item = data.item ?? -1;
    if (isNew) {
      this.hover = -1;
      if (this.item >= dataset.classes.length) this.item = -1;
    }
    this.panels.forEach((panel, p) => {
      panel.setData(dataset.panels[p], data.panels[p], views.get(viewKey(data, panel.name)));
    });
    this.#select(this.selection);
    this.root.dataset.ready = "true";
    this.root.dataset.digest = data.digest;
  }

  /** Make panels and legend, unless those that are there will do. */
  #build() {
    const { panels, classes, colours, height } = this.data;
    const structure = JSON.stringify([panels.map(({ name, axes }) => [name, axes]), classes, colours, height]);
    if (structure === this.#structure) return;
    this.#structure = structure;
    this.panels.forEach((panel) => panel.remove());
    this.panels = panels.map((spec) => new Panel(this, spec, height));
    this.row.replaceChildren(...this.panels.map((panel) => panel.root));
    this.shown = classes.map((_, c) => this.shown[c] ?? true);
    this.legend.replaceChildren(
      ...classes.map((name, c) => {
        const swatch = element("span", { class: "swatch", style: `background:${colours[c]}` });
        const attributes = { type: "button", class: "entry", "data-class": c, title: `Show or hide class ${name}` };
        const button = element("button", attributes, swatch, name);
        button.onclick = () => this.#toggleClass(c);
        return button;
      }),
    );
  }

  #readTheme() {
    const style = getComputedStyle(this.root);
    const read = (name, fallback) => style.getPropertyValue(`--st-${name}`).trim() || fallback;
    const paper = read("background-color", "#ffffff"), background = rgb(paper), classes = this.data.colours.map(rgb);
    this.theme = {
      paper,
      background,
      text: read("text-color", "#222222"),
      primary: read("primary-color", "#ff4b4b"),
      font: read("font", "sans-serif"),
      css: this.data.colours,
      classes,
      faded: classes.map((colour) => mix(colour, background, FADE)),
    };
  }

  rememberView({ name, view }) {
    views.set(viewKey(this.data, name), view.whole ? null : view);
  }

  // ---- what the panels share

  #report(field, value) {
    this.#shared[field].reports(value);
    this.setStateValue(field, { value, at: Date.now() });
  }

  /** Highlight a selection everywhere, without reporting it. */
  #select(selection) {
    const panel = selection && this.panels.findIndex(({ name }) => name === selection.panel);
    const points = this.dataset.panels[panel ?? -1];
    this.count = 0;
    if (!points) this.selected = null;
    else {
      const { classes } = this.dataset, { polygon } = selection;
      const selected = (this.selected = new Uint8Array(points.count));
      const [xs, ys] = [polygon.map(([x]) => x), polygon.map(([, y]) => y)];
      const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
      for (let i = 0; i < points.count; i++) {
        const x = points.x[i], y = points.y[i];
        if (x < left || x > right || y < bottom || y > top || !this.shown[classes[i]]) continue;
        if (isInside(polygon, x, y)) this.count += selected[i] = 1;
      }
    }
    this.#refreshControls();
    this.panels.forEach((each) => each.draw());
  }

  /** Show what the lasso in progress would select, at most once per frame. */
  previewLasso(panel) {
    this.#previewing = panel;
    this.#preview();
  }
  #previewing = null;
  #preview = oncePerFrame(() => {
    const polygon = this.#previewing?.lasso;
    if (polygon) this.#select({ panel: this.#previewing.name, polygon });
  });

  endPreview() {
    this.#preview.cancel();
    this.#previewing = null;
    this.#select(this.selection);
  }

  finishLasso(panel, polygon) {
    const selection = polygon && { panel: panel.name, polygon };
    if (!selection) return this.endPreview();
    const before = this.selection;
    this.selection = selection;
    this.endPreview();
    if (this.count) this.#report("selection", selection);
    else {  // round nothing: as good as a click on empty space
      this.selection = before;
      this.clearSelection();
      this.#select(this.selection);
    }
  }

  clearSelection() {
    if (!this.selection) return;
    this.selection = null;
    this.#select(null);
    this.#report("selection", null);
  }

  openItem(item) {
    if (item === this.item) return;
    this.item = item;
    this.#refreshControls();
    this.panels.forEach((panel) => panel.drawOver());
    this.#report("item", item < 0 ? null : item);
  }

  #hide(hidden) {
    this.shown = this.data.classes.map((_, c) => !hidden.includes(c));
  }

  #toggleClass(c) {
    this.shown[c] = !this.shown[c];
    this.#select(this.selection);
    this.#report("hidden", this.shown.flatMap((isShown, k) => (isShown ? [] : [k])));
  }

  setHover(item, x, y) {
    if (item >= 0) this.tooltip.show(x, y);
    else this.tooltip.hide();
    if (item === this.hover) return;
    this.hover = item;
    this.root.dataset.hover = item < 0 ? "" : item;
    this.panels.forEach((panel) => panel.drawOver());
    delete this.root.dataset.thumbnail;
    const url = this.thumbnails.request(item);
    this.picture.hidden = !url;
    if (item < 0) return;
    const name = this.data.classes[this.dataset.classes[item]];
    this.caption.textContent = `item ${item} · ${/^\d+$/.test(name) ? `class ${name}` : name}`;
    if (url) this.#showThumbnail(item, url);
    this.tooltip.place();
  }

  #showThumbnail(item, url) {
    this.picture.src = url;
    this.picture.hidden = false;
    this.root.dataset.thumbnail = item;
    this.tooltip.place();
  }

  // ---- controls

  #setTool(tool) {
    this.tool = tool;
    this.#refreshControls();
  }

  #refreshControls() {
    const { tools, root, data, dataset } = this;
    const press = (button, pressed) => button.setAttribute("aria-pressed", pressed);
    press(tools.lasso, this.tool === "lasso");
    press(tools.pan, this.tool === "pan");
    press(tools.priors, this.showPriors);
    const [prior] = data.panels.flatMap((panel) => panel.ellipses);
    tools.priors.hidden = !prior;
    if (prior) tools.priors.title = `Show or hide the priors: ellipses at ${prior.sigmas} standard deviations`;
    tools.clear.disabled = !this.selected && this.item < 0;
    [...this.legend.children].forEach((button, c) => press(button, this.shown[c]));
    const number = (value) => value.toLocaleString("en"), total = dataset.classes.length;
    const status = this.selected ? `${number(this.count)} of ${number(total)} selected` : `${number(total)} items`;
    if (this.status.textContent !== status) this.status.textContent = status;
    root.dataset.tool = this.tool;
    root.dataset.selected = this.count;
    root.dataset.item = this.item < 0 ? "" : this.item;
    root.dataset.hover = this.hover < 0 ? "" : this.hover;
    root.dataset.hidden = this.shown.flatMap((isShown, k) => (isShown ? [] : [k])).join(",");
  }

  destroy() {
    this.panels.forEach((panel) => panel.remove());
    this.#preview.cancel();
    this.tooltip.hide();
    this.thumbnails.clear();
    this.root.remove();
  }
}

// ---------------------------------------------------------------------------------------------- entry point

const datasets = new Map();  // map key -> Dataset, from the points message
const maps = new Map();      // mounting point -> LatentMap
const views = new Map();     // where the user was in each panel; outlives a visit to another page
const viewKey = (data, panel) => `${data.map}/${data.frame}/${panel}`;

/** Keep the points and wake up the map they belong to, whichever of the two messages comes first. */
function receivePoints(bytes) {
  const envelope = unpack(bytes), { map: key, digest } = envelope.header;
  if (datasets.get(key)?.digest !== digest) datasets.set(key, new Dataset(envelope));
  const dataset = datasets.get(key);
  maps.forEach((map) => map.data.map === key && map.refresh());
  return () => datasets.get(key) === dataset && datasets.delete(key);
}

/** Called by Streamlit at the first mount and again whenever data or theme change. */
export default function (component) {
  const { data, parentElement } = component;
  if (data instanceof Uint8Array) return receivePoints(data);
  let map = maps.get(parentElement);
  if (!map) maps.set(parentElement, (map = new LatentMap(parentElement)));
  map.update(component);
  return () => {
    map.destroy();
    maps.delete(parentElement);
  };
}
