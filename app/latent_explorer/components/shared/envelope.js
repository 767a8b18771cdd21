// The one binary form of numbers and pixels, and bytes within JSON.

import { ALIGNMENT } from "./protocol.js";

/** @typedef {Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>} Numbers */

const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array };

/**
 * Open the envelope written by `pack` in Python: a JSON header and the typed arrays it announces.
 * @template Header
 * @param {Uint8Array} bytes
 * @returns {{header: Header, arrays: Numbers[]}}
 */
export function unpack(bytes) {
  // The message's own buffer has an arbitrary offset, and typed arrays need an aligned one: hence the copy.
  const buffer = new Uint8Array(bytes).buffer;
  const headLength = new DataView(buffer).getUint32(0, true);
  /** @type {Header & {arrays: [keyof typeof ARRAYS, number][]}} */
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headLength)));
  let offset = 4 + headLength;
  const arrays = header.arrays.map(([type, length]) => {
    const array = new ARRAYS[type](buffer, offset, length);
    offset += Math.ceil(array.byteLength / ALIGNMENT) * ALIGNMENT;
    return array;
  });
  return { header, arrays };
}

/**
 * Bytes that stand in JSON as base64.
 * @param {string} text
 */
export const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/**
 * Numbers from 0 to 65,535 of two bytes each, the smaller first.
 *
 * @param {string} text
 */
export const numbersFromBase64 = (text) => new Uint16Array(fromBase64(text).buffer);
