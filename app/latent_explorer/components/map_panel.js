// One map: its view, its two canvases and the gestures on them. What the panels share lives in `LatentMap`.
//
// What changes with the pointer (rings, outlines) is drawn on a second canvas above, so hovering never repaints points.

const CLICK_SLOP = 4;          // CSS pixels a press may wander and still be a click
const REACH = { mouse: 8, pen: 10, touch: 18 };  // how near a point the pointer must be to mean it
const DOUBLE_CLICK_MS = 250;
const TRAVEL_MS = 350;         // how long items take to their new places
const MOST_PICTURES = 150;     // in view, beyond which they are dots
const PICTURE_SIDES = [[20, 64], [60, 48], [MOST_PICTURES, 34]];  // up to so many in view: CSS pixels of each, with its frame
const BLENDED = 8;             // items that a place between them is a mean of
const BLEND_REACH = [24, 0.03];  // how near the nearest must be: CSS pixels, or this share of the map, whichever is more
const SMALLEST_ELLIPSE = 5;    // CSS pixels: a posterior narrower than the gaps between items would not be seen

class Panel {
  #pointers = new Map();   // pressed pointers, for telling a pinch from a drag
  #gesture = null;
  #clearing = 0;           // timer of a click on empty space, which a second click turns into "fit"
  pictured = [];           // [item, x, y] of the items that are shown as pictures
  side = 0;                // of each of them, CSS pixels

  constructor(map, spec, height) {
    this.map = map;
    this.name = spec.name;
    this.axes = spec.axes;
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
      { class: "panel saveable", "data-panel": spec.name },
      this.heading,
      element("span", { class: "axis vertical" }, spec.axes[1]),
      this.plot,
      element("span", { class: "axis horizontal" }, spec.axes[0]),
      saveMenu(() => fileName(`${map.data.decoder?.model ?? "map"} ${this.name}`), () => mapPicture(this)),
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

  setData(points, { title, ellipses, guest, blocks }, view) {
    const before = this.points;
    Object.assign(this, { points, ellipses, guest, blocks });
    if (points !== before) {
      if (points.sharesFrame(before)) this.#travel();
      else {
        this.view = view ?? null;
        this.shown = { x: points.x, y: points.y };
      }
    }
    this.heading.textContent = this.title = title;
    const total = points.count.toLocaleString("en");
    this.plot.setAttribute("aria-label", `${this.title}: map of ${total} items. ${KEYS}`);
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
      if (time === 1) delete this.root.dataset.travelling;
      this.#paintPoints();
      this.#paintOver();
      if (time < 1) step();
    });
    this.travel?.cancel();
    this.travel = step;
    step();
  }

  get #travels() {
    return this.shown.x !== this.points.x;
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

  placeOf(item) {
    return this.toScreen(this.shown.x[item], this.shown.y[item]);
  }

  /** The part of the plane that is shown, and `margin` CSS pixels round it. */
  inView(margin = 0) {
    const [left, top] = this.toData(-margin, -margin);
    const [right, bottom] = this.toData(this.width + margin, this.height + margin);
    return { left, right, bottom, top };
  }

  fit() {
    this.view = null;
    this.draw();
  }

  /** The view that shows every point and prior. */
  #wholeView() {
    let { left, right, bottom, top } = this.points.bounds;
    for (const { centre: [x, y], radii: [a, b], tilt, kind } of this.ellipses) {
      if (kind !== "prior") continue;  // another item to be opened does not move the map
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
    this.root.dataset.view = [cx, cy, scale].map((value) => value.toPrecision(9)).join(" ");
    return true;
  }

  // ---- painting

  #paintPoints() {
    if (!this.#ready(this.pointCanvas)) return;
    const started = performance.now();
    const { map, points, ratio, view } = this, { width, height } = this.pointCanvas;
    const context = this.pointCanvas.getContext("2d");
    if (this.image?.width !== width || this.image?.height !== height) this.image = new ImageData(width, height);
    const pixels = new Uint32Array(this.image.data.buffer);

    const closer = (view.scale / this.#wholeView().scale) ** 0.2;  // dots grow a little on the way in
    this.radius = Math.max(1.2, Math.min(3.5, 26 * points.count ** -0.27)) * Math.max(1, Math.min(2, closer));
    const { left, right, bottom, top } = this.inView();
    const spans = this.#travels ? [[0, points.count]] : points.spans(left, right, bottom, top);
    const { classes } = map.dataset, { selected } = map, scale = view.scale * ratio;
    const items = { spans, order: points.order, xs: this.shown.x, ys: this.shown.y, classes, isShown: map.shown };
    const to = { left: width / 2 - view.cx * scale, top: height / 2 + view.cy * scale, scale };
    const canvas = { width, height, pixels }, dot = disc(this.radius * ratio - 0.5, width);
    const paintAll = (colours) => {
      pixels.fill(pixel(map.theme.background));
      stamp(canvas, dot, colours, items, to, null);
    };
    if (selected) {
      this.#underlay(pixels, [width, height, left, top, view.scale, map.theme.paper, map.shown].join(), () => paintAll(map.theme.faded));
      stamp(canvas, dot, map.theme.solid, items, to, selected);
    } else paintAll(map.theme.solid);
    context.putImageData(this.image, 0, 0);
    this.#paintPictures(context);
    this.root.dataset.drawMs = (performance.now() - started).toFixed(1);
  }

  /**
   * Fill the pixels with the pale map that lies under a selection: as it was, where neither the view (`key`) nor the places have
   * changed since, since all that a lasso changes is which items stand out.
   */
  #underlay(pixels, key, paint) {
    if (this.pale?.key === key && this.pale.places === this.shown) return pixels.set(this.pale.pixels);
    paint();
    const buffer = this.pale?.pixels.length === pixels.length ? this.pale.pixels : new Uint32Array(pixels.length);
    buffer.set(pixels);
    this.pale = { key, places: this.shown, pixels: buffer };
  }

  /** Pictures in place of dots, where few enough items are in view; those that would overlap another stay dots. */
  #paintPictures(context) {
    const { map, points } = this, { theme, dataset, selected } = map;
    const isOn = map.showPictures && map.live.online && !this.#travels;
    const items = isOn ? points.inView(this.inView(PICTURE_SIDES[0][1] / 2), MOST_PICTURES, map.isShown) : null;
    this.side = items ? PICTURE_SIDES.find(([most]) => items.length <= most)[1] : 0;
    const places = (items ?? []).map((item) => [item, ...this.placeOf(item)]);
    places.sort((a, b) => (b[0] === map.item) - (a[0] === map.item));  // the opened item is always among them
    const chosen = spaced(places, this.side);
    map.pictures.want(this.name, chosen.map(([item]) => item));
    this.pictured = chosen.filter(([item]) => map.pictures.of(item));
    this.root.dataset.pictures = this.pictured.length;
    if (!this.pictured.length) return;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const colour = (item) => theme.css[dataset.classes[item]];
    const opacity = (item) => (selected && !selected[item] ? 0.25 : 1);
    const isPictured = new Set();
    for (const [item, x, y] of this.pictured) {
      paintPicture(context, theme, map.pictures.of(item), x, y, this.side, colour(item), opacity(item));
      isPictured.add(item);
    }
    for (const [item, x, y] of places) {
      if (isPictured.has(item)) continue;
      context.globalAlpha = opacity(item);
      paintDot(context, theme, [x, y], colour(item), this.radius);
    }
    context.globalAlpha = 1;
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  /** The ellipses to show, in screen coordinates: priors of shown classes, posteriors. */
  get outlines() {
    const { map } = this;
    return this.ellipses
      .filter(({ kind, class: c }) => (kind === "prior" ? map.showPriors && (c === null || map.shown[c]) : map.showPosteriors))
      .map(({ centre, radii, tilt, label, kind, class: c }) => ({
        at: this.toScreen(...centre),
        radii: radii.map((radius) => Math.max(radius * this.view.scale, kind === "prior" ? 0 : SMALLEST_ELLIPSE)),
        tilt,
        label,
        colour: c === null ? map.theme.text : map.theme.css[c],
        isPosterior: kind !== "prior",
      }));
  }

  /** Where the names of the ellipses go: a posterior's below its outline, clear of the item's own mark. */
  get labels() {
    return this.outlines.filter(({ label }) => label).map(({ label, at: [x, y], radii: [a, b], tilt, isPosterior }) => {
      const half = Math.hypot(a * Math.sin(tilt), b * Math.cos(tilt));
      return { text: label, at: [x, isPosterior ? y + Math.max(half, 15) + LABEL_LINE / 2 : y] };
    });
  }

  /** The outlines of selections in this panel, in screen coordinates: the kept one, A, and the present one. */
  get selections() {
    const { kept, selection, theme } = this.map, found = [];
    const add = (each, colour, name) => {
      if (each?.panel !== this.name) return;
      found.push({ path: each.polygon.map(([x, y]) => this.toScreen(x, y)), colour, name });
    };
    add(kept, theme.text, "A");
    if (!this.#gesture?.path) add(selection, theme.primary, kept ? "B" : "");
    return found;
  }

  #paintOver() {
    if (!this.#ready(this.overCanvas)) return;
    const started = performance.now();
    const { map } = this, { theme, dataset } = map, context = this.overCanvas.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.lineJoin = context.lineCap = "round";
    const selections = this.selections;
    this.outlines.forEach((outline) => paintEllipse(context, theme, outline));
    selections.forEach(({ path, colour }) => paintOutline(context, theme, path, { colour }));
    if (this.#gesture?.path) {
      paintOutline(context, theme, this.#path, { closed: this.#gesture.kind === "box" });
    }
    const names = selections.filter(({ name }) => name).map(({ name, path }) => ({ text: name, at: topOf(path) }));
    paintLabels(context, theme, [...this.labels, ...names]);
    const colour = (item) => theme.css[dataset.classes[item]];
    if (map.item >= 0) paintOpened(context, theme, this.placeOf(map.item), colour(map.item));
    if (this.guest) {
      paintStar(context, theme, this.toScreen(...this.guest));
      this.root.dataset.guest = this.guest.map((value) => value.toFixed(3)).join(" ");
    } else delete this.root.dataset.guest;
    if (map.hover >= 0) this.#paintHovered(context, map.hover, colour(map.hover));
    this.root.dataset.overMs = (performance.now() - started).toFixed(1);
  }

  #paintHovered(context, item, colour) {
    const picture = this.pictured.find(([other]) => other === item), { theme } = this.map;
    if (!picture) return paintRing(context, theme, this.placeOf(item), colour, 6, 2);
    const [, x, y] = picture, half = this.side / 2;
    context.beginPath();
    context.rect(x - half, y - half, this.side, this.side);
    strokeOnHalo(context, theme, theme.text, 2);
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
    listen("pointerleave", () => this.#gesture || this.map.leave());
    listen("blur", () => this.map.leave());
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
    this.map.leave();
    if (this.#pointers.size === 2) {
      this.cancelGesture();
      this.#gesture = { kind: "pinch" };
    } else if (this.#pointers.size === 1) {
      const pans = event.button === 1 || event.shiftKey || this.map.tool === "pan";
      this.#gesture = pans ? { kind: "pan", start: at } : { kind: this.map.tool, start: at, path: [at] };
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
        if (gesture.kind === "box") gesture.path = [gesture.start, at];
        else if (Math.hypot(at[0] - x, at[1] - y) >= 2) gesture.path.push(at);
        if (gesture.moved) this.map.previewSelection(this);
        this.drawOver();
      }
    }
    this.#pointers.set(event.pointerId, at);
  }

  #release(event) {
    const gesture = this.#gesture;
    this.#pointers.delete(event.pointerId);
    if (!gesture || (gesture.kind === "pinch" && this.#pointers.size)) return;
    const polygon = this.polygon;
    this.#endGesture();
    if (gesture.kind === "pinch") return;
    if (!gesture.moved) this.#click(event, gesture.start);
    else if (gesture.path) this.map.finishSelection(this, polygon);
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
    const item = this.itemAt(at, REACH[event.pointerType]);
    if (item >= 0) this.map.openItem(item);
    else this.#clearing = setTimeout(() => this.map.clearSelection(), DOUBLE_CLICK_MS);
  }

  #hoverAt(event) {
    if (event.pointerType === "touch") return;
    const at = this.#position(event), item = this.itemAt(at);
    this.map.point(this, item, this.#weightsAt(at, item), event.clientX, event.clientY);
  }

  /** The item that the pointer means: the one whose dot or picture is under it, or the nearest within reach; -1 for none. */
  itemAt(at, reach = REACH.mouse) {
    const item = this.points.at(...this.toData(...at), reach / this.view.scale, this.map.isShown);
    return this.#pictureAt(at)?.[0] ?? item;
  }

  #pictureAt([px, py]) {
    const half = this.side / 2;
    return this.pictured.find(([, x, y]) => Math.abs(x - px) <= half && Math.abs(y - py) <= half);
  }

  /** What a place is made of, as in `blend`, or null where no item is near. On a dot or a picture it is that item. */
  #weightsAt(at, item) {
    if (this.#pictureAt(at)) return [[item, 1]];
    const found = this.points.nearest(...this.toData(...at), BLENDED + 1, this.map.isShown);
    const [pixels, share] = BLEND_REACH, reach = Math.max(pixels / this.view.scale, share * this.points.extent);
    return found.length && found[0][1] <= reach ? blend(found, this.radius / this.view.scale) : null;
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = (dx, dy) => (event.shiftKey ? this.#step([dx, -dy]) : this.pan(-40 * dx, -40 * dy));
    const actions = {
      ArrowLeft: () => move(-1, 0),
      ArrowRight: () => move(1, 0),
      ArrowUp: () => move(0, -1),
      ArrowDown: () => move(0, 1),
      "+": () => this.zoom(1.25),
      "=": () => this.zoom(1.25),
      "-": () => this.zoom(0.8),
      0: () => this.fit(),
      a: () => this.#selectView(),
      Enter: () => (this.map.hover >= 0 ? this.map.openItem(this.map.hover) : this.#step(null)),
      Escape: () => this.cancelGesture() || this.map.clearSelection(),
    };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!(key in actions)) return;
    actions[key]();
    event.preventDefault();
    event.stopPropagation();  // Streamlit has shortcuts of its own
  }

  /** Move the cursor to the next item in a direction; where there is no cursor yet, to the item nearest to the middle. */
  #step(direction) {
    const { points, map } = this, { hover } = map, { cx, cy } = this.view;
    const item = hover >= 0 && direction
      ? points.next([points.x[hover], points.y[hover]], hover, direction, map.isShown)
      : points.nearest(cx, cy, 1, map.isShown)[0]?.[0] ?? -1;
    if (item < 0) return;
    const [x, y] = this.placeOf(item), margin = 30;
    const outside = (at, size) => Math.max(0, margin - at) + Math.min(0, size - margin - at);
    const [dx, dy] = [outside(x, this.width), outside(y, this.height)];
    if (dx || dy) this.pan(dx, dy);
    const box = this.plot.getBoundingClientRect();
    map.point(this, item, [[item, 1]], box.left + x + dx, box.top + y + dy);
    map.speak(`${map.nameOf(item)}, at ${points.x[item].toFixed(2)}, ${points.y[item].toFixed(2)}`);
  }

  #selectView() {
    const { left, right, bottom, top } = this.inView();
    this.map.finishSelection(this, this.#rounded(boxOf([left, bottom], [right, top])));
  }

  /** The corners of the gesture in progress, on the screen. */
  get #path() {
    const { kind, path } = this.#gesture;
    return kind === "box" ? boxOf(path[0], path.at(-1)) : path;
  }

  /** The selection being drawn as a polygon in data coordinates, or null while it is but a line. */
  get polygon() {
    if (!this.#gesture?.path || this.#path.length < 3) return null;
    const outline = this.#gesture.kind === "box" ? this.#path : simplify(this.#path);
    return outline.length < 3 ? null : this.#rounded(outline.map(([px, py]) => this.toData(px, py)));
  }

  /** As many decimals as the screen can show, so that the link stays short. Rounding comes before highlighting. */
  #rounded(polygon) {
    const decimals = Math.max(0, Math.min(12, Math.ceil(Math.log10(2 * this.view.scale))));
    return polygon.map((corner) => corner.map((value) => Number(value.toFixed(decimals))));
  }
}

const KEYS = "Keys: arrows move, + and - zoom, 0 fits, Shift and arrows go from item to item, Enter opens, "
  + "A selects what is in view, Escape clears.";

/** The highest corner of a path on the screen. */
const topOf = (path) => path.reduce((best, corner) => (corner[1] < best[1] ? corner : best));
