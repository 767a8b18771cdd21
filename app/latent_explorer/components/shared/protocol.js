// What the server has to agree on: `python -m latent_explorer.protocol` writes this file from it.

export const LIVE_ROUTE = "/latent-explorer/live"; // the server's route for images while a pointer moves
export const ALIGNMENT = 8; // bytes at whose multiples the arrays of an envelope start
export const MOST_ROWS = 128; // images of one request
export const MOST_ITEMS = 64; // images whose codes one code may be a sum of
export const MAX_VERTICES = 40; // corners of a selection
export const LEVELS = 65535; // the last of the places on an axis of a map
export const STARTS = /** @type {const} */ (["item", "prior", "own"]); // where a code can start on the Live page
export const SEEDS = 10000; // seeds of a draw, from 0 on
export const COLDEST = 0; // the least temperature of a draw
export const HOTTEST = 2; // the greatest
export const DECIMALS = 3; // decimals of a coordinate that was moved
export const UNIT = 1000; // parts of the paper's width, in which strokes are measured

/**
 * A stroke of a drawing: points x, y, x, y, ... and width in `images.UNIT`ths of the paper's width, ink from 0 to 255.
 * @typedef {object} Stroke
 * @property {number} width
 * @property {number} ink
 * @property {number[]} points
 */

/**
 * A request as its JSON says it, which `Request.of` reads; what each part means stands there.
 * @typedef {object} Request
 * @property {number} [id]
 * @property {string} model
 * @property {number} [n]
 * @property {Record<string, number[][]>} [codes]
 * @property {Record<string, [number, number][][]>} [mix]
 * @property {number[]} [label]
 * @property {{pixels: string, latents: string[]}} [image]
 * @property {{seed?: number, temperature?: number}} [draw]
 * @property {Record<string, number>} [betas]
 * @property {Record<string, Record<number, number>>} [move]
 * @property {{block: string, dimensions?: number[], directions?: number[][], span: number, steps: number, label?: number}} [traverse]
 * @property {boolean} [back]
 * @property {boolean} [classes]
 * @property {{strokes: {width: number, ink: number, points: number[]}[], latents: string[], centre: boolean}} [drawing]
 */

/**
 * The header of an answer: the request's number, the shape `(n, H, W, C)` of the pixels that follow, or what is wrong; ms to pause.
 * @typedef {object} AnswerHeader
 * @property {number} id
 * @property {number[]} [shape]
 * @property {Record<string, number[][]>} [codes]
 * @property {number[][]} [classes]
 * @property {string} [error]
 * @property {number} [pause]
 */
