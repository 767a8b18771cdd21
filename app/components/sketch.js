// A square to draw on. Strokes are kept in the resolution of the screen; what is reported after each of them is the
// picture in the resolution of the model, white on black.
//
// `element` comes from shared.js, which Python puts in front.

const SIDE = 224;   // CSS pixels
const PEN = 0.075;  // width of a stroke, as a share of the side

class Sketch {
  #drawing = false;

  constructor(parent) {
    this.canvas = element("canvas", { class: "paper", width: 2 * SIDE, height: 2 * SIDE, tabindex: 0, role: "img" });
    this.clear = element("button", { type: "button", class: "tool" }, "Clear");
    this.root = element("div", { class: "sketch", "data-ready": "true" }, this.canvas, this.clear);
    parent.append(this.root);
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.#wipe();
    this.clear.onclick = () => {
      this.#wipe();
      this.#report();
    };
    this.canvas.addEventListener("pointerdown", (event) => this.#start(event));
    this.canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) this.canvas.addEventListener(end, () => this.#end());
    this.canvas.addEventListener("keydown", (event) => {
      if (event.key === "Escape" || event.key === "Delete") this.clear.click();
    });
  }

  update({ data, setStateValue }) {
    Object.assign(this, { data, setStateValue });
    this.canvas.setAttribute("aria-label", `${data.title}. Draw with mouse, pen or finger; Escape clears.`);
  }

  #wipe() {
    this.context.fillStyle = "#000";
    this.context.fillRect(0, 0, 2 * SIDE, 2 * SIDE);
    this.empty = true;
  }

  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    const factor = (2 * SIDE) / box.width;
    return [(event.clientX - box.left) * factor, (event.clientY - box.top) * factor];
  }

  #start(event) {
    if (event.button) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.#drawing = true;
    const { context } = this, [x, y] = this.#at(event);
    Object.assign(context, { strokeStyle: "#fff", lineWidth: PEN * 2 * SIDE, lineCap: "round", lineJoin: "round" });
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x, y);
    context.stroke();
    this.empty = false;
  }

  #move(event) {
    if (!this.#drawing) return;
    for (const each of event.getCoalescedEvents?.() ?? [event]) this.context.lineTo(...this.#at(each));
    this.context.stroke();
  }

  #end() {
    if (!this.#drawing) return;
    this.#drawing = false;
    this.#report();
  }

  /** The picture in the model's resolution: every small pixel is the mean of what it covers. */
  #report() {
    const { width, height } = this.data, whole = 2 * SIDE;
    const source = this.context.getImageData(0, 0, whole, whole).data;
    const sums = new Float64Array(width * height), counts = new Float64Array(width * height);
    for (let y = 0; y < whole; y++) {
      const row = Math.floor((y * height) / whole) * width;
      for (let x = 0; x < whole; x++) {
        const cell = row + Math.floor((x * width) / whole);
        sums[cell] += source[4 * (y * whole + x)];
        counts[cell]++;
      }
    }
    const bytes = Uint8Array.from(sums, (sum, i) => Math.round(sum / counts[i]));
    this.setStateValue("drawing", this.empty ? "" : btoa(String.fromCharCode(...bytes)));
  }
}

const sketches = new Map();  // mounting point -> Sketch

export default function (component) {
  const { parentElement } = component;
  let sketch = sketches.get(parentElement);
  if (!sketch) sketches.set(parentElement, (sketch = new Sketch(parentElement)));
  sketch.update(component);
  return () => {
    sketch.root.remove();
    sketches.delete(parentElement);
  };
}
