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

// ---- saving a figure. A figure is a function that gives it as SVG text; a PNG is made from that.

/** Text as it must stand in SVG. */
function escaped(text) {
  return String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** A whole SVG file of this size around its content, on the background that the figure has on the page. */
function svgDocument(width, height, background, content) {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const ground = `<rect width="100%" height="100%" fill="${escaped(background)}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${ground}${content}</svg>`;
}

/** A text element: `svgText("z[0]", { x: 4, y: 10, "font-size": 13 })`. */
function svgText(text, attributes) {
  const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(value)}"`);
  return `<text${written.join("")}>${escaped(text)}</text>`;
}

/** SVG text as a PNG at twice its size, or at the resolution of a finer screen. */
async function rasterised(svg) {
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await picture.decode();
  const ratio = Math.max(2, window.devicePixelRatio || 1);
  const canvas = element("canvas", { width: picture.width * ratio, height: picture.height * ratio });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

/** Hand the visitor a file. */
function download(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Buttons that save a figure: `name` gives the name of the file without its ending, `figure` the SVG text; both are asked at the click. */
function saveMenu(name, figure) {
  const button = (ending, made) => {
    const node = element("button", { type: "button", title: `Save the picture as ${ending}` }, ending);
    node.addEventListener("click", async (event) => {
      event.stopPropagation();
      download(await made(), `${name()}.${ending.toLowerCase()}`);
    });
    return node;
  };
  return element(
    "div",
    { class: "save-menu", role: "group", "aria-label": "Save the picture" },
    button("PNG", async () => rasterised(await figure())),
    button("SVG", async () => new Blob([await figure()], { type: "image/svg+xml" })),
  );
}

/** A title as the name of a file. */
function fileName(title) {
  return title.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60) || "picture";
}
