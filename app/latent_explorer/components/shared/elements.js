// Elements of the page, canvases and frames.

/**
 * Create an element: `element("button", { type: "button", class: "tool" }, "Fit")`.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number | boolean | null | undefined>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) {
      node.setAttribute(name, value === true ? "" : String(value));
    }
  }
  node.append(...children);
  return node;
}

/**
 * Run `task` at most once per frame, however often it is asked for.
 * @param {() => void} task
 */
export function oncePerFrame(task) {
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

/**
 * Give a canvas the resolution of the screen for a size in CSS pixels; leave it and its content if it has that.
 * @param {HTMLCanvasElement} canvas
 */
export function sizeCanvas(
  canvas,
  /** @type {number} */ width,
  /** @type {number} */ height,
  ratio = window.devicePixelRatio || 1,
) {
  resize(canvas, Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio)));
}

/**
 * Give a canvas this many pixels; leave it and its content if it has them.
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 * @param {number} width
 * @param {number} height
 */
export function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/**
 * What one draws on a canvas with. A browser gives one to every canvas, unless its memory is full.
 * @param {HTMLCanvasElement} canvas
 */
export function contextOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}

/**
 * A canvas that is on no page, and what one draws on it with.
 * @param {number} width
 * @param {number} height
 * @param {CanvasRenderingContext2DSettings} settings
 */
export function offscreen(width, height, settings = {}) {
  const canvas = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", settings));
  return { canvas, context };
}

/**
 * Say which of two or more an element is: `aria-pressed`, `aria-checked` and their like.
 * @param {Element} node
 * @param {string} name
 * @param {boolean} value
 */
export const say = (node, name, value) => node.setAttribute(`aria-${name}`, String(value));

/**
 * A property of the theme that Streamlit gives to its components.
 * @param {Element} node
 * @param {string} name
 * @param {string} otherwise
 */
export function themed(node, name, otherwise) {
  return getComputedStyle(node).getPropertyValue(`--st-${name}`).trim() || otherwise;
}

/**
 * A canvas of the size that it is shown at, empty, in CSS pixels; nothing where it is not shown.
 * @param {HTMLCanvasElement} canvas
 * @returns {{context: CanvasRenderingContext2D, width: number, height: number} | null}
 */
export function cleared(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (!width || !height) return null;
  sizeCanvas(canvas, width, height);
  const context = contextOf(canvas);
  const ratio = canvas.width / width;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}
