// The files of a site: fetched from where the page lies, unpacked, and named where one is missing or cut short.

import { unpack } from "../components/shared/envelope.js";

/** The folder of the site: two above the modules. */
export const ROOT = new URL("../../", import.meta.url);

/** @type {Record<string, number>} bytes of the files of the site, once they are known */
export let sizes = {};

/** @param {Record<string, number>} all */
export function expects(all) {
  sizes = all;
}

/** @typedef {(share: number) => void} OnShare how much of a file has come, from 0 to 1 */

/** @param {string} name */
const cutShort = (name) =>
  new Error(`${name} is cut short on this host: copy the published folder there again`);

/** @param {string} name */
const missing = (name) =>
  new Error(`${name} is missing on this host: copy the whole published folder there again`);

/**
 * What a visitor is told of an error. Ours are sentences; a language's own arises where a file holds something else than was published.
 * @param {unknown} error
 */
export function sentence(error) {
  if (!(error instanceof Error)) return String(error);
  if (![TypeError, RangeError, SyntaxError, ReferenceError].some((kind) => error instanceof kind))
    return error.message;
  console.error(error);
  return "A file of this site is not what was published: copy the whole published folder there again.";
}

/**
 * A file of the site on its way. Raises an Error with one sentence.
 * @param {string} name
 */
async function asked(name) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(new URL(name, ROOT));
  } catch {
    throw new Error(`${name} could not be loaded: check the connection, and load the page again`);
  }
  if (!response.ok) throw missing(name);
  return response;
}

/**
 * A file of the site as it is stored. Raises an Error with one sentence.
 * @param {string} name
 * @param {OnShare} [onShare]
 */
async function fetched(name, onShare) {
  const response = await asked(name);
  try {
    if (!onShare || !sizes[name] || !response.body) return new Uint8Array(await response.arrayBuffer());
    return await gathered(response.body, sizes[name], onShare);
  } catch {
    throw cutShort(name);
  }
}

/**
 * @param {ReadableStream<Uint8Array>} stream
 * @param {number} size
 * @param {OnShare} onShare
 */
async function gathered(stream, size, onShare) {
  const parts = [];
  let had = 0;
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    had += next.value.length;
    onShare(Math.min(1, had / size));
  }
  return new Uint8Array(await new Blob(/** @type {BlobPart[]} */ (parts)).arrayBuffer());
}

/**
 * The bytes of a file, without compression; a host that took it off already is as good.
 * @param {string} name
 * @param {OnShare} [onShare]
 */
export async function bytesOf(name, onShare) {
  const bytes = await fetched(name, onShare);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw cutShort(name);
  }
}

/**
 * The program of the runtime.
 * @param {string} name
 * @param {OnShare} [onShare]
 */
export async function programOf(name, onShare) {
  const bytes = await bytesOf(name, onShare);
  if (bytes.length > 8 && [0, 0x61, 0x73, 0x6d].every((byte, at) => bytes[at] === byte)) return bytes;
  throw cutShort(name);
}

/**
 * The header and the arrays of an envelope, and its bytes.
 * @template Header
 * @param {string} name
 * @param {OnShare} [onShare]
 * @returns {Promise<{header: Header, arrays: import("../components/shared/envelope.js").Numbers[], bytes: Uint8Array}>}
 */
export async function opened(name, onShare) {
  const bytes = await bytesOf(name, onShare);
  try {
    return { ...unpack(bytes), bytes };
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

/**
 * A module of the site. Raises an Error with one sentence.
 * @param {string} name
 * @returns {Promise<any>}
 */
export async function moduleOf(name) {
  try {
    return await import(new URL(name, ROOT).href);
  } catch {
    throw await whyNot(name, "javascript");
  }
}

/**
 * Why a browser did not take a file, or another that it needs: what a browser keeps to itself.
 * @param {string} name
 * @param {"javascript" | "css"} kind
 */
export async function whyNot(name, kind) {
  try {
    const type = (await asked(name)).headers.get("content-type") ?? "nothing";
    if (!type.includes(kind))
      return new Error(
        `${name} comes as ${type.split(";")[0]} from this host: let it send files of its kind as text/${kind}`,
      );
  } catch (error) {
    return /** @type {Error} */ (error);
  }
  return amiss(/\.(js|css)$/) ?? cutShort(name);
}

/**
 * What the page was sent and is missing, or shorter than it was published; null where all is whole, or a browser does not say.
 * @param {RegExp} which names
 */
function amiss(which) {
  const came = performance.getEntriesByType("resource").filter(({ name }) => name.startsWith(ROOT.href));
  for (const entry of came) {
    const { responseStatus = 0, decodedBodySize = 0 } = /** @type {PerformanceResourceTiming} */ (entry);
    const name = decodeURI(entry.name.slice(ROOT.href.length)).split("?")[0];
    if (!which.test(name)) continue;
    if (responseStatus >= 400) return missing(name);
    if (decodedBodySize && decodedBodySize < sizes[name]) return cutShort(name);
  }
  return null;
}

/** A sentence of the first style sheet that is missing or cut short: a page without it is shown all the same, and looks broken. */
export function unstyled() {
  const found = amiss(/\.css$/);
  return found ? `${found.message}.` : "";
}
