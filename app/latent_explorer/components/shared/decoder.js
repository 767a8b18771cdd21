// What a component asks for images while a pointer moves. There is one for the page, and components know only its interface.

import { LiveRoute } from "./live.js";

/** @typedef {import("./protocol.js").Request} Request */

/**
 * What was asked for: grey or colour `pixels` of the `shape` [n, H, W, channels], the `codes` they were decoded from and p(class | codes)
 * where the request wants them.
 * @typedef {object} Decoded
 * @property {number[]} shape
 * @property {ArrayLike<number>} pixels
 * @property {Record<string, number[][]>} codes
 * @property {number[][]} [classes]
 */

/** @typedef {{error: string}} Refusal one sentence on why there are no images */

/**
 * Decodes codes of a model into images: over the server's live route, or in the browser itself.
 * @typedef {object} Decoder
 * @property {boolean} online whether it can answer now
 * @property {(channel: string, request: Request, onAnswer: (answer: Decoded | Refusal) => void) => void} ask
 *   Ask for images. Of the requests of one channel that still wait, the newest wins: what the pointer has left behind is not asked for.
 *   Answers come in order.
 * @property {(channel: string) => void} withdraw what still waits on a channel
 * @property {(callback: (online: boolean) => void) => () => void} watch
 *   Call `callback` whenever `online` changes; what comes back ends that.
 */

/**
 * The page's decoder. It stands on `globalThis`, because every component's folder has an address of its own and so its own copy of this
 * module; whoever puts another one there first, has it used.
 * @returns {Decoder}
 */
export function pageDecoder() {
  const page = /** @type {{latentExplorerDecoder?: Decoder}} */ (globalThis);
  return (page.latentExplorerDecoder ??= new LiveRoute());
}
