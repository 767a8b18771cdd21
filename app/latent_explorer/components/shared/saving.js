// Saving a figure. A figure is a function that gives it as SVG text; a PNG is made from that.

import { contextOf, element } from "./elements.js";

/** @typedef {HTMLElement & {figure?: () => string}} FigureElement an element that who saves it from elsewhere on the page can ask */

/**
 * Text as it must stand in SVG.
 * @param {unknown} text
 */
export function escaped(text) {
  return String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/**
 * A whole SVG file of this size around its content, on the background that the figure has on the page.
 * @param {number} width
 * @param {number} height
 * @param {string} background
 * @param {string} content
 */
export function svgDocument(width, height, background, content) {
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const ground = `<rect width="100%" height="100%" fill="${escaped(background)}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${ground}${content}</svg>`;
}

/**
 * A text element: `svgText("z[0]", { x: 4, y: 10, "font-size": 13 })`.
 * @param {unknown} text
 * @param {Record<string, string | number>} attributes
 */
export function svgText(text, attributes) {
  const written = Object.entries(attributes).map(([name, value]) => ` ${name}="${escaped(value)}"`);
  return `<text${written.join("")}>${escaped(text)}</text>`;
}

/**
 * SVG text as a PNG at twice its size, or at the resolution of a finer screen.
 * @param {string} svg
 * @returns {Promise<Blob>}
 */
async function rasterised(svg) {
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await picture.decode();
  const ratio = Math.max(2, window.devicePixelRatio || 1);
  const canvas = element("canvas", { width: picture.width * ratio, height: picture.height * ratio });
  contextOf(canvas).drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done, failed) =>
    canvas.toBlob((blob) => (blob ? done(blob) : failed(new Error("the picture is too large"))), "image/png"),
  );
}

/**
 * Hand the visitor a file.
 * @param {Blob} blob
 * @param {string} name
 */
function download(blob, name) {
  const link = element("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * Buttons that save a figure: `name` gives the name of the file without its ending, `figure` the SVG text; both are asked at the click.
 * @param {() => string} name
 * @param {() => string} figure
 */
export function saveMenu(name, figure) {
  /** @type {(ending: string, made: () => Promise<Blob> | Blob) => HTMLElement} */
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
    button("PNG", () => rasterised(figure())),
    button("SVG", () => new Blob([figure()], { type: "image/svg+xml" })),
  );
}

/**
 * A title as the name of a file.
 * @param {string} title
 */
export function fileName(title) {
  const plain = title.toLowerCase().normalize("NFKD");
  return (
    plain
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-|-$/g, "")
      .slice(0, 60) || "picture"
  );
}
