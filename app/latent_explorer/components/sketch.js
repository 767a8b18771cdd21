// A paper to draw on. The strokes are the drawing: they are reported after each of them, drawn again from what Python hands
// back when one returns to the page, and undone one by one.
//
// `element` and `oncePerFrame` come from shared.js, `liveRoute` and `putPicture` from live.js; Python puts both in front.

const WIDTH = 224;          // CSS pixels of the paper
const CHANNEL = "sketch";
const UNIT = 1000;          // coordinates are thousandths of the paper's width
const PEN = { low: 30, usual: 80, high: 180, step: 10 };
const NEAR = 4;             // a point closer to the last one than this adds nothing
const STEP = { far: 25, near: 5 };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class Sketch {
  #stroke = null;   // the one being drawn
  #pointer = null;  // the mouse, pen or finger that draws it
  #ink = 255;

  constructor(parent, { strokes, aspect }) {
    this.strokes = strokes;
    this.aspect = aspect;
    this.touched = false;
    this.#build(parent);
    this.#listen();
    this.#resize();
    this.live = liveRoute();
    this.draw = oncePerFrame(() => this.#draw());
    this.draw();
  }

  update({ data, setStateValue }) {
    this.setStateValue = setStateValue;
    this.canvas.setAttribute(
      "aria-label",
      `${data.title}. Draw with mouse, pen or finger; or arrow keys move, Space puts the pen down and lifts it, ` +
        "Backspace undoes, Escape clears.",
    );
    if (data.aspect !== this.aspect) {
      this.aspect = data.aspect;
      this.#resize();
    }
    // A paper that was just put back may be told of its strokes only afterwards; once drawn on, it knows better than its echo.
    if (!this.touched) this.strokes = data.strokes;
    this.decoder = data.decoder;
    this.draw();
  }

  #build(parent) {
    const tool = (text, attributes) => element("button", { type: "button", class: "tool", ...attributes }, text);
    this.canvas = element("canvas", { class: "paper", tabindex: 0, role: "application" });
    this.nib = element("div", { class: "nib", hidden: true });
    this.pen = tool("Pen", { "aria-pressed": "true" });
    this.eraser = tool("Eraser", { "aria-pressed": "false" });
    this.undo = tool("Undo", { title: "Take the last stroke back (Backspace)" });
    this.clear = tool("Clear", { title: "Start anew (Escape)" });
    const { low: min, high: max, usual: value, step } = PEN;
    this.picture = element("canvas", { role: "img", "aria-label": "What the model makes of the drawing", width: 28, height: 28 });
    this.decoded = element("figure", { class: "decoded", hidden: true }, this.picture, element("figcaption", {}, "decoded"));
    this.width = element("input", { type: "range", min, max, step, value });
    this.root = element(
      "div",
      { class: "sketch", "data-ready": "true" },
      element("div", { class: "desk" }, this.canvas, this.nib),
      element(
        "div",
        { class: "tools", role: "toolbar", "aria-label": "Drawing" },
        this.pen, this.eraser, element("label", { class: "width" }, "Width", this.width), this.undo, this.clear,
        this.decoded,
      ),
    );
    parent.append(this.root);
    this.context = this.canvas.getContext("2d");
    this.at = [UNIT / 2, UNIT / 2];
  }

  /** The paper in the resolution of the screen. */
  #resize() {
    const ratio = window.devicePixelRatio || 1, height = Math.round(WIDTH * this.aspect);
    Object.assign(this.canvas.style, { width: `${WIDTH}px`, height: `${height}px` });
    Object.assign(this.canvas, { width: Math.round(WIDTH * ratio), height: Math.round(height * ratio) });
  }

  #draw() {
    const { context, canvas } = this, unit = canvas.width / UNIT;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setTransform(unit, 0, 0, unit, 0, 0);
    Object.assign(context, { lineCap: "round", lineJoin: "round" });
    for (const { width, ink, points } of this.#all()) {
      const colour = `rgb(${ink},${ink},${ink})`, [x, y] = points;
      Object.assign(context, { strokeStyle: colour, fillStyle: colour, lineWidth: width });
      context.beginPath();
      context.arc(x, y, width / 2, 0, 2 * Math.PI);
      context.fill();
      context.beginPath();
      context.moveTo(x, y);
      for (let i = 2; i < points.length; i += 2) context.lineTo(points[i], points[i + 1]);
      context.stroke();
    }
    this.undo.disabled = this.clear.disabled = !this.strokes.length;
    this.root.dataset.strokes = this.strokes.length;
    this.#decode();
  }

  /** What the model makes of the drawing so far, while it is made. */
  #decode() {
    const strokes = this.#all(), { decoder } = this;
    if (!strokes.length || !decoder) {
      this.live.withdraw(CHANNEL);
      this.decoded.hidden = true;
      return;
    }
    const { model, betas, latents, centre } = decoder;
    this.live.ask(CHANNEL, { model, betas, drawing: { strokes, latents, centre } }, (answer) => {
      this.decoded.hidden = Boolean(answer.error) || !this.#all().length;
      if (answer.error) return;
      putPicture(this.picture, answer);
      this.root.dataset.decoded = Number(this.root.dataset.decoded ?? 0) + 1;
    });
  }

  #all() {
    return this.#stroke ? [...this.strokes, this.#stroke] : this.strokes;
  }

  // ---- pointer

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button || this.#pointer !== null) return;
      event.preventDefault();
      canvas.focus({ preventScroll: true, focusVisible: false });
      canvas.setPointerCapture(event.pointerId);
      this.#lift();
      this.#pointer = event.pointerId;
      this.#down(this.#where(event));
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.#pointer !== null && event.pointerId !== this.#pointer) return;
      this.#showNib(this.#where(event));
      if (this.#pointer === null) return;
      const each = event.getCoalescedEvents?.() ?? [];
      for (const point of each.length ? each : [event]) this.#to(this.#where(point));
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => {
        if (event.pointerId !== this.#pointer) return;
        this.#pointer = null;
        this.#lift();
        if (event.pointerType === "touch") this.nib.hidden = true;
      });
    }
    canvas.addEventListener("pointerleave", () => (this.nib.hidden = true));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => canvas.matches(":focus-visible") && this.#showNib(this.at));
    canvas.addEventListener("blur", () => {
      this.#lift();
      this.nib.hidden = true;
    });
    this.pen.onclick = () => this.#take(255);
    this.eraser.onclick = () => this.#take(0);
    this.undo.onclick = () => this.#change(this.strokes.slice(0, -1));
    this.clear.onclick = () => this.#change([]);
  }

  #where(event) {
    const box = this.canvas.getBoundingClientRect(), border = this.canvas.clientLeft;
    return [event.clientX - box.left - border, event.clientY - box.top - border].map((p) => Math.round((p / WIDTH) * UNIT));
  }

  #take(ink) {
    this.#lift();
    this.#ink = ink;
    this.pen.setAttribute("aria-pressed", ink === 255);
    this.eraser.setAttribute("aria-pressed", ink === 0);
  }

  #down([x, y]) {
    this.touched = true;
    this.#stroke = { width: Number(this.width.value), ink: this.#ink, points: [x, y] };
    this.#showNib([x, y]);
    this.draw();
  }

  #to([x, y]) {
    const { points } = this.#stroke;
    if (Math.hypot(x - points.at(-2), y - points.at(-1)) < NEAR) return;
    points.push(x, y);
    this.draw();
  }

  #lift() {
    if (!this.#stroke) return;
    const strokes = [...this.strokes, this.#stroke];
    this.#stroke = null;
    this.nib.classList.remove("down");
    this.#change(strokes);
  }

  #change(strokes) {
    this.#stroke = null;
    this.touched = true;
    this.strokes = strokes;
    this.draw();
    this.setStateValue("drawing", strokes);
  }

  #showNib([x, y]) {
    this.at = [x, y];
    const size = (Number(this.width.value) / UNIT) * WIDTH, border = this.canvas.clientLeft;
    Object.assign(this.nib.style, {
      left: `${(x / UNIT) * WIDTH + border}px`, top: `${(y / UNIT) * WIDTH + border}px`, width: `${size}px`, height: `${size}px`,
    });
    this.nib.classList.toggle("down", this.#stroke !== null && this.#pointer === null);
    this.nib.hidden = false;
  }

  // ---- keyboard

  #key(event) {
    const { key, shiftKey, ctrlKey, metaKey } = event;
    if (key in ARROWS) this.#step(ARROWS[key], shiftKey ? STEP.near : STEP.far);
    else if (key === " ") this.#stroke ? this.#lift() : this.#down(this.at);
    else if (key === "Backspace" || (key === "z" && (ctrlKey || metaKey))) this.#stroke ? this.#change(this.strokes) : this.undo.click();
    else if (key === "Escape" || key === "Delete") this.clear.click();
    else return;
    if (!this.nib.hidden || key in ARROWS || key === " ") this.#showNib(this.at);
    event.preventDefault();
    event.stopPropagation();  // Streamlit has shortcuts of its own
  }

  #step([dx, dy], far) {
    const within = (value, most) => Math.max(0, Math.min(most, value));
    this.at = [within(this.at[0] + dx * far, UNIT), within(this.at[1] + dy * far, UNIT * this.aspect)];
    if (this.#stroke) this.#to(this.at);
  }
}

const sketches = new Map();  // mounting point -> Sketch

export default function (component) {
  const { parentElement } = component;
  let sketch = sketches.get(parentElement);
  if (!sketch) sketches.set(parentElement, (sketch = new Sketch(parentElement, component.data)));
  sketch.update(component);
  return () => {
    sketch.draw.cancel();
    sketch.live.withdraw(CHANNEL);
    sketch.root.remove();
    sketches.delete(parentElement);
  };
}
