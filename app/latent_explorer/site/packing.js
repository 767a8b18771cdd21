// The envelope that components open, made in the browser: the inverse of `unpack`.

import { ALIGNMENT } from "../components/shared/protocol.js";

/** @typedef {Uint8Array | Uint16Array | Uint32Array} Numbers */

/** @param {Numbers} array */
const named = (array) =>
  array instanceof Uint8Array ? "uint8" : array instanceof Uint16Array ? "uint16" : "uint32";

/** @param {number} length */
const aligned = (length) => Math.ceil(length / ALIGNMENT) * ALIGNMENT;

/**
 * @param {object} header
 * @param {...Numbers} arrays
 */
export function packed(header, ...arrays) {
  const text = JSON.stringify({ ...header, arrays: arrays.map((array) => [named(array), array.length]) });
  const head = new TextEncoder().encode(text);
  const start = aligned(4 + head.length);
  const bytes = new Uint8Array(start + arrays.reduce((sum, array) => sum + aligned(array.byteLength), 0));
  bytes.fill(32, 4, start);
  bytes.set(head, 4);
  new DataView(bytes.buffer).setUint32(0, start - 4, true);
  arrays.reduce((at, array) => {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    return at + aligned(array.byteLength);
  }, start);
  return bytes;
}

/**
 * Bytes as base64.
 * @param {ArrayLike<number>} bytes
 */
export function toBase64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]);
  return btoa(text);
}
