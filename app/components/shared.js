// Helpers of both components. Python puts this text in front of each component's own module.

const ARRAY_TYPES = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array };

/** Open the envelope written by `pack` in Python: a JSON header and the typed arrays it announces. */
function unpack(bytes) {
  // The message's own buffer has an arbitrary offset, and typed arrays need an aligned one: hence the copy.
  const buffer = bytes.slice().buffer;
  const headLength = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headLength)));
  let offset = 4 + headLength;
  const arrays = header.arrays.map(([type, length]) => {
    const array = new ARRAY_TYPES[type](buffer, offset, length);
    offset += Math.ceil(array.byteLength / 8) * 8;
    return array;
  });
  return { header, arrays };
}

/** Create an element: `element("button", { type: "button", class: "tool" }, "Fit")`. */
function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/** Run `task` at most once per frame, however often it is asked for. */
function oncePerFrame(task) {
  let frame = 0;
  const schedule = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      task();
    });
  };
  schedule.cancel = () => {
    cancelAnimationFrame(frame);
    frame = 0;
  };
  return schedule;
}

/** Give a canvas the resolution of the screen for a size in CSS pixels; leave it and its content if it has that. */
function sizeCanvas(canvas, width, height, ratio = window.devicePixelRatio || 1) {
  const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
}

/** A box that follows the pointer. It lives in the browser's top layer, where nothing can clip or cover it. */
class Tooltip {
  constructor(parent, ...children) {
    this.box = element("div", { class: "tooltip", role: "tooltip", popover: "manual" }, ...children);
    parent.append(this.box);
  }

  get visible() {
    return this.box.classList.contains("visible");
  }

  show(x, y) {
    if (!this.visible) this.box.showPopover?.();
    this.box.classList.add("visible");
    this.anchor = [x, y];
    this.place();
  }

  /** Sit beside the pointer, on whichever side has room, and never leave the viewport. */
  place() {
    if (!this.visible) return;
    const gap = 14, margin = 6, [x, y] = this.anchor;
    const { width, height } = this.box.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const beside = (at, size, room) => {
      const after = at + gap, before = at - gap - size;
      const start = after + size <= room - margin || before < margin ? after : before;
      return Math.max(margin, Math.min(start, room - margin - size));
    };
    this.box.style.left = `${beside(x, width, clientWidth)}px`;
    this.box.style.top = `${beside(y, height, clientHeight)}px`;
  }

  hide() {
    if (!this.visible) return;
    this.box.classList.remove("visible");
    this.box.hidePopover?.();
  }
}
