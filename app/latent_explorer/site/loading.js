// The files of a site: fetched from where the page lies, unpacked, and named where one is missing or cut short.

import { unpack } from "../components/shared/envelope.js";

/** The folder of the site: two above the modules. */
export const ROOT = new URL("../../", import.meta.url);

/**
 * A file of the site as it is stored. Raises an Error with one sentence.
 * @param {string} name
 */
async function fetched(name) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(new URL(name, ROOT));
  } catch {
    throw new Error(`${name} could not be loaded: check the connection, and load the page again`);
  }
  if (!response.ok)
    throw new Error(`${name} is missing on this host: copy the whole published folder there again`);
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch {
    throw cutShort(name);
  }
}

/** @param {string} name */
const cutShort = (name) =>
  new Error(`${name} is cut short on this host: copy the published folder there again`);

/**
 * The bytes of a file, without compression; a host that took it off already is as good.
 * @param {string} name
 */
export async function bytesOf(name) {
  const bytes = await fetched(name);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw cutShort(name);
  }
}

/**
 * The header and the arrays of an envelope.
 * @template Header
 * @param {string} name
 * @returns {Promise<{header: Header, arrays: import("../components/shared/envelope.js").Numbers[]}>}
 */
export async function opened(name) {
  const bytes = await bytesOf(name);
  try {
    return unpack(bytes);
  } catch {
    throw cutShort(name);
  }
}

/**
 * A JSON file.
 * @param {string} name
 * @returns {Promise<any>}
 */
export async function told(name) {
  const bytes = await fetched(name);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw cutShort(name);
  }
}
