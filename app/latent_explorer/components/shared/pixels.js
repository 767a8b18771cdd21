// From the bytes of an answer to what a canvas shows.

import { contextOf, resize } from "./elements.js";

/** @typedef {{shape: number[], pixels: ArrayLike<number>}} Images pixels, grey or colour, of the shape [n, H, W, channels] */

/**
 * A pixel as the 32-bit number that image memory holds on little-endian machines, i.e. everywhere.
 * @param {ArrayLike<number>} bytes grey or colour
 * @param {number} at of its first byte
 * @param {number} channels
 */
export function wordAt(bytes, at, channels) {
  const last = channels - 1;
  return ((255 << 24) | (bytes[at + last] << 16) | (bytes[at + (last >> 1)] << 8) | bytes[at]) >>> 0;
}

/**
 * Put an image of an answer onto a canvas that has its size.
 * @param {HTMLCanvasElement | OffscreenCanvas} canvas
 * @param {Images} images
 */
export function putPicture(canvas, { shape: [, H, W, channels], pixels }, number = 0) {
  resize(canvas, W, H);
  const context = contextOf(/** @type {HTMLCanvasElement} */ (canvas));
  const image = context.createImageData(W, H);
  const words = new Uint32Array(image.data.buffer);
  for (let i = 0, at = number * H * W * channels; i < words.length; i++, at += channels) {
    words[i] = wordAt(pixels, at, channels);
  }
  context.putImageData(image, 0, 0);
}

/**
 * The size of a picture with its longer side so long: images need not be square.
 * @param {{width: number, height: number}} picture
 * @param {number} side
 */
export function fitting({ width, height }, side) {
  const factor = side / Math.max(width, height);
  return { width: width * factor, height: height * factor };
}

/**
 * Show a canvas with its longer side so long: CSS pixels, or a length that a style says.
 * @param {HTMLCanvasElement} canvas
 * @param {number | string} side
 */
export function showFitted(canvas, side) {
  const { width, height } = fitting(canvas, 1);
  const whole = typeof side === "number" ? `${side}px` : side;
  canvas.style.setProperty("--wide", String(width)); // of the longer side, where a style sheet sets another
  canvas.style.width = `calc(${whole} * ${width})`;
  canvas.style.height = `calc(${whole} * ${height})`;
}
